/** Something that was measured, and the task that it is of: values of one task say less than as many of different ones. */
export interface Measured {
  readonly task: string
  readonly value: number
}

/** Per task, in the order in which they first come. */
export interface Clusters {
  readonly sums: Float64Array
  readonly sizes: Float64Array
  /** Of each value, which task. */
  readonly taskOf: Uint32Array
}

export const clustersOf = (values: readonly Measured[]): Clusters => {
  const places = new Map<string, number>()
  const taskOf = new Uint32Array(values.length)
  values.forEach(({ task }, index) => {
    const place = places.get(task) ?? places.size
    places.set(task, place)
    taskOf[index] = place
  })
  const sums = new Float64Array(places.size)
  const sizes = new Float64Array(places.size)
  values.forEach(({ value }, index) => {
    const place = taskOf[index] ?? 0
    sums[place] = (sums[place] ?? 0) + value
    sizes[place] = (sizes[place] ?? 0) + 1
  })
  return { sums, sizes, taskOf }
}

export const meanOf = (values: readonly Measured[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, { value }) => sum + value, 0) / values.length
