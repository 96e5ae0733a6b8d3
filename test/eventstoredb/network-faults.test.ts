import { networkFaults } from './network-faults.ts'
import { sharedStandIn } from './with-stand-in.ts'

const standIn = sharedStandIn()

networkFaults('the stand-in for EventStoreDB', standIn)
