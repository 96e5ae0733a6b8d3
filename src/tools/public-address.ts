import ipaddr from 'ipaddr.js'

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Of the public internet by their number, but answered by a cloud's own network to the machines in it. */
const INSIDE_A_CLOUD = [
  '168.63.129.16/32', // Azure: agents, DNS and health of each machine
  '161.26.0.0/16', // IBM Cloud: services
  '166.8.0.0/14', // IBM Cloud: services
  '199.36.153.4/30', // Google Cloud: restricted.googleapis.com
  '199.36.153.8/30', // Google Cloud: private.googleapis.com
].map((block) => ipaddr.IPv4.parseCIDR(block))

/**
 * Whether this IP address, v4 or v6 in its usual notation, is a host of the public internet. Everything special is not: private,
 * loopback, link-local (cloud metadata lives there), carrier NAT, multicast, reserved, what a cloud answers from within, and IPv6 that
 * carries an IPv4 address inside.
 */
export const isPublicAddress = (address: string): boolean => {
  if (!ipaddr.isValid(address) || address.includes('%')) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  if (parsed.kind() === 'ipv4') return !INSIDE_A_CLOUD.some((block) => (parsed as ipaddr.IPv4).match(block))
  // `::7f00:1`, the long deprecated IPv4-compatible form, passes for unicast above.
  return (parsed as ipaddr.IPv6).match(GLOBAL_UNICAST) && !carriesIPv4((parsed as ipaddr.IPv6).parts)
}

/** ISATAP: any network, and behind `0:5efe` the IPv4 address that a tunnel leads to. */
const carriesIPv4 = (parts: readonly number[]): boolean => (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe
