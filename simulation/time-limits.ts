/** Short enough that a seed sees leases and approvals pass, ms. */
export const TIME_LIMITS_MS = { tool: 4_000, model: 6_000, approval: 20_000 } as const
