/** `has completed`, `was cancelled` */
export const endedText = (status: string): string => `${status === 'cancelled' || status === 'deleted' ? 'was' : 'has'} ${status}`
