import type { ChildProcess } from 'node:child_process'

const children = new Set<ChildProcess>()
let isListening = false

/** Whoever is left when this process ends is killed with it. */
export const killAtExit = (child: ChildProcess): void => {
  children.add(child)
  child.once('exit', () => children.delete(child))
  if (isListening) return
  isListening = true
  process.once('exit', () => {
    for (const left of children) left.kill('SIGKILL')
  })
}
