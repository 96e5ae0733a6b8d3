import type { AddCommand } from '../command-line.ts'
import { addApproveCommand, addDenyCommand } from './approvals.ts'
import { addAtCommand } from './at.ts'
import { addChartCommand } from './chart.ts'
import { addAnswerCommand, addGiveBackCommand, addTakeOverCommand } from './escalation.ts'
import { addDatasetCommand } from './dataset.ts'
import { addDiffCommand } from './diff.ts'
import { addForkCommand } from './fork.ts'
import { addDeleteCommand } from './delete.ts'
import { addDoctorCommand } from './doctor.ts'
import { addEvalCommand, addEvalsCommand } from './eval.ts'
import { addExportCommand } from './export.ts'
import { addCancelCommand, addCompleteCommand, addFailCommand, addPauseCommand, addReopenCommand, addResumeCommand } from './lifecycle.ts'
import { addListCommand } from './list.ts'
import { addMoveCommand } from './move.ts'
import { addProjectCommand } from './project.ts'
import { addPromptCommand } from './prompt.ts'
import { addQueryCommand } from './query.ts'
import { addRecoverCommand } from './recover.ts'
import { addRelayCommand } from './relay.ts'
import { addReplayCommand } from './replay.ts'
import { addRestoredCommand } from './restored.ts'
import { addRunCommand } from './run.ts'
import { addScoreCommand } from './score.ts'
import { addSendCommand } from './send.ts'
import { addServeCommand } from './serve.ts'
import { addSettleCommand } from './settle.ts'
import { addShowCommand } from './show.ts'
import { addTailCommand } from './tail.ts'
import { addTraceCommand } from './trace.ts'
import { addTracerCommand } from './tracer.ts'
import { addViewsCommand } from './views.ts'
import { addWhatIfCommand } from './whatif.ts'
import { addWorkerCommand } from './worker.ts'

const groups: Readonly<Record<string, readonly AddCommand[]>> = {
  'Work:': [addRunCommand, addSendCommand, addRecoverCommand, addServeCommand],
  'Processes:': [addWorkerCommand, addRelayCommand, addProjectCommand, addTracerCommand],
  'Look:': [
    addListCommand,
    addShowCommand,
    addQueryCommand,
    addTailCommand,
    addTraceCommand,
    addAtCommand,
    addPromptCommand,
    addDiffCommand,
    addChartCommand,
    addExportCommand,
  ],
  'Check:': [addReplayCommand, addDoctorCommand, addDatasetCommand, addEvalCommand, addEvalsCommand, addWhatIfCommand],
  'Operate:': [
    addApproveCommand,
    addDenyCommand,
    addTakeOverCommand,
    addAnswerCommand,
    addGiveBackCommand,
    addSettleCommand,
    addScoreCommand,
    addPauseCommand,
    addResumeCommand,
    addReopenCommand,
    addMoveCommand,
    addForkCommand,
    addCancelCommand,
    addCompleteCommand,
    addFailCommand,
    addDeleteCommand,
    addRestoredCommand,
    addViewsCommand,
  ],
}

/** In the order of the help. */
export const addCommands: AddCommand = (program, commandLine) => {
  for (const [title, adds] of Object.entries(groups)) {
    program.commandsGroup(title)
    for (const add of adds) add(program, commandLine)
  }
}
