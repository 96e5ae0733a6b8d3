import ipaddr from 'ipaddr.js'

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether this IP address, v4 or v6 in its usual notation, is a host of the public internet. Everything special is not: private,
 * loopback, link-local (cloud metadata lives there), carrier NAT, multicast, reserved, and IPv6 that carries an IPv4 address inside.
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  // `::7f00:1`, the long deprecated IPv4-compatible form, passes for unicast above.
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST)
}
