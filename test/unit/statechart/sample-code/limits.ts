export const LARGEST = 100
export const isSmallEnough = (amount: number): boolean => amount < LARGEST
