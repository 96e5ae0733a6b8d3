/** A place along a line, for a style. */
export const percent = (share: number): string => `${(share * 100).toFixed(2)}%`

/** The same for what is so many pixels wide at least: at the end of the line, too, it is seen. */
export const percentWithin = (share: number, pixels: number): string => `min(${percent(share)}, 100% - ${pixels}px)`
