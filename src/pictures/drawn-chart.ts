import { sha256 } from '../hash.ts'
import { canonicalJson } from '../json.ts'
import type { ChartGraph } from '../statechart/graph.ts'
import { layoutChart, type Elk } from './chart-layout.ts'
import { chartLegend, chartPicture } from './chart-picture.ts'
import type { ChartPicture } from './shapes.ts'

/** A chart as it is drawn: with all that it does and the labels of all edges, and bare. */
export interface DrawnChart {
  readonly full: ChartPicture
  readonly compact: ChartPicture
  readonly legend: ChartPicture
}

/** 16 hexadecimal digits, of all that is in its pictures: another description is another picture of the same structure. */
export const pictureHash = (graph: ChartGraph): string => sha256(canonicalJson(graph)).slice(0, 16)

/** Rejects with `InvalidInput` where no layout is found. */
export const drawChart = async (graph: ChartGraph, elk: Elk): Promise<DrawnChart> => {
  const full = chartPicture(await layoutChart(graph, 'full', elk))
  const compact = chartPicture(await layoutChart(graph, 'compact', elk))
  return { full, compact, legend: chartLegend(graph, true) }
}
