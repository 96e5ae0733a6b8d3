import { messageOf } from '../../errors.ts'
import { CLIENT_PACKAGES } from './client.ts'

// The client packages let some of their own failures escape as unhandled rejections, and each would end the process. Here those, and
// only those, become a reason to throw the client away. Listening for 'unhandledRejection' would not do: a listener changes what
// becomes of everybody's rejections, and the listeners of others (which like to exit) would hear of ours. So the event itself is kept back.

type OnStray = (reason: string) => void

const listeners = new Set<OnStray>()

/** Frames of the client lie in the stack of what its own code threw, and in what grpc-js adds below "for call at". */
const isStray = (reason: unknown): boolean => {
  const stack = reason instanceof Error ? (reason.stack ?? '') : ''
  const frames = stack.replaceAll('\\', '/')
  return CLIENT_PACKAGES.some((name) => frames.includes(`/node_modules/${name}/`))
}

type Emit = (event: string | symbol, ...values: unknown[]) => boolean

const keepBack =
  (emit: Emit): Emit =>
  (event, ...values) => {
    if (event !== 'unhandledRejection' || !isStray(values[0])) return emit.call(process, event, ...values)
    const reason = messageOf(values[0])
    for (const listener of [...listeners]) listener(reason)
    return true
  }

let isInstalled = false

/** Reports unhandled rejections of the client packages to the listener instead of to the process. Returns what ends it. */
export const onStrayRejection = (listener: OnStray): (() => void) => {
  if (!isInstalled) {
    // Stays for good: others may wrap it in turn, and a client that is no longer used may still fail.
    process.emit = keepBack(process.emit.bind(process) as Emit) as typeof process.emit
    isInstalled = true
  }
  listeners.add(listener)
  return () => listeners.delete(listener)
}
