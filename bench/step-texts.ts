import type { Workshop } from './workshop.ts'

const TURNS = 10
/** The start of a run is an append of three events; from there on each append has two. */
const EVENTS_OF_START = 3

/** What the steps of a run put on disk, one text for each, so that a floor writes as many bytes. */
export const stepTexts = async (workshop: Workshop): Promise<readonly string[]> => {
  const [view] = await workshop.readAll(1, TURNS)
  const texts: string[] = []
  for await (const { stream, id, type, data, meta } of workshop.refold.log.readAll()) {
    if (view !== undefined && stream.endsWith(view.runId)) texts.push(`${id}${type}${data}${meta}`)
  }
  const ofLoop = texts.slice(EVENTS_OF_START)
  return ofLoop.flatMap((text, index) => (index % 2 === 0 ? [`${text}${ofLoop[index + 1] ?? ''}`] : []))
}
