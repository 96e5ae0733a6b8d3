/** Text of anybody as one part of a path: half of a pair is no text that addresses have. */
export const pathPart = (text: string): string => encodeURIComponent(text.toWellFormed())
