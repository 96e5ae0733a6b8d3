/** What `refold chart` can draw. */
export const chartFormats = ['mermaid', 'svg', 'html', 'json'] as const
export type ChartFormat = (typeof chartFormats)[number]
