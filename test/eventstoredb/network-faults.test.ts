import { describe, expect, test } from 'vitest'
import { startStandIn } from '../../servers/event-store/event-store-stand-in.ts'
import { networkFaults, type Server } from './network-faults.ts'
import { leadingNode, nodesIn } from './one-node.ts'
import { sharedStandIn } from './with-stand-in.ts'

const CLIENT = '@eventstore/db-client'
const standIn = sharedStandIn()

networkFaults('the stand-in for EventStoreDB', async (): Promise<Server> => {
  const node = await leadingNode(standIn().connectionString, CLIENT)
  if ('reason' in node) throw new Error(node.reason)
  return { node, client: CLIENT, timeoutMs: 1_000 }
})

describe('the network before a cluster', () => {
  test('is put before the node that leads', async () => {
    const other = await startStandIn()
    await other.set({ leader: standIn().port })
    const cluster = `esdb://admin:changeit@127.0.0.1:${other.port},127.0.0.1:${standIn().port}/?tls=false&keepAliveTimeout=20000`
    const node = await leadingNode(cluster, CLIENT)
    await other.stop()
    if ('reason' in node) throw new Error(node.reason)
    expect(node).toMatchObject({ host: '127.0.0.1', port: standIn().port })
    expect(node.connectionStringThrough('127.0.0.1', 7)).toBe('esdb://admin:changeit@127.0.0.1:7?tls=false&keepAliveTimeout=20000')
  })
  test.each([
    ['esdb://a:2113,b:2113', /TLS/],
    ['esdb+discover://cluster.example?tls=false', /one by one/],
    ['postgres', /taken apart/],
  ])('cannot be put before %s, and says why', (connectionString, reason) => {
    expect(nodesIn(connectionString)).toMatchObject({ reason: expect.stringMatching(reason) as unknown })
  })
  test('takes the port of EventStoreDB where none is named', () => {
    expect(nodesIn('esdb://a,b:7?tls=false')).toMatchObject({
      addresses: [
        { host: 'a', port: 2113 },
        { host: 'b', port: 7 },
      ],
    })
  })
})
