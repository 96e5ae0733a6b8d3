import { objectItem, withItem } from '../python-operations.ts'
import { messageText } from '../python-text.ts'
import { Refusal } from '../refusal.ts'
import { objectOf } from '../value.ts'
import { found } from './look-up.ts'
import { toolReducer } from './tool-reducer.ts'

const CERTIFICATES = ['certificate_3221322', 'certificate_3221323', 'certificate_3221324']

export const sendCertificate = toolReducer('send_certificate', ['user_id', 'amount'], (data, args) => {
  const user = found(data.users, args.user_id, 'user')
  const methods = objectItem(user, 'payment_methods')
  const id = CERTIFICATES.find((certificate) => !methods.has(certificate))
  // Here the benchmark's tool returns nothing, which aborts its run.
  if (id === undefined) throw new Refusal(`user has all of ${CERTIFICATES.join(', ')} already`)
  const certificate = objectOf({ source: 'certificate', amount: args.amount, id })
  const owner = withItem(user, 'payment_methods', withItem(methods, id, certificate))
  return {
    data: { ...data, users: withItem(data.users, args.user_id, owner) },
    text: `Certificate ${id} added to user ${messageText(args.user_id)} with amount ${messageText(args.amount)}.`,
  }
})
