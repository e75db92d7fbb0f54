// The gateway as node-soap sees it: clients built from nothing but the WSDL that it serves.
// Keeps the raw text of each request and reply where asked to. Knows no scenario.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import soap from 'soap'

const FOLDERS = { SessionService: 'session', StandardCCService: 'cc', DataAccessService: 'da' }
// Attributes come as text whatever the schema says; these are numbers, the rest of them flags.
const NUMBERS = ['sessionId', 'objectId', 'icpId', 'primaryIcpId', 'secondaryIcpId', 'activeIcpId', 'localCallId', 'callEventTime', 'eventNumber', 'time', 'userId',
  'errorCode', 'deiId', 'numberOfFields', 'dnFieldId', 'deiVersion', 'fieldId', 'fieldSize', 'maxValue', 'minValue', 'dbId', 'viewId', 'numberOfTuples']
const MANY = ['callEventAttribute', 'featuresAllowed', 'device', 'deviceAttribute', 'party', 'deiDesctiptor', 'field', 'keyField', 'tuple']

/** The gateway did something that the contract does not say. */
export class Wrong extends Error {}

export class Gateway {
  /** All services at `url`. `oldPaths` takes the WSDL from where old clients look for it. */
  static async at(url, recorder, oldPaths = false) {
    const gateway = new Gateway(recorder)
    for (const [service, folder] of Object.entries(FOLDERS)) {
      const path = oldPaths ? `/axis2/services/${service}` : `/mitel/oig/${folder}/${service}`
      const wsdl = url + path + (oldPaths ? '.wsdl' : '?wsdl')
      const client = await soap.createClientAsync(wsdl, { disableCache: true, wsdl_options: { timeout: 20_000 } })
      const address = client.wsdl.definitions.services[service].ports[`${service}Port`].location
      if (address !== url + path) throw new Wrong(`${wsdl} names the address ${address}, not ${url + path}`)
      client.on('request', (body, name) => recorder.keep(`${name}-request.xml`, body))
      client.on('response', (body, reply, name) => recorder.keep(`${name}-reply.xml`, body ?? reply?.data ?? ''))
      for (const name of Object.keys(client.describe()[service][`${service}Port`])) gateway.clients.set(name, client)
    }
    return gateway
  }

  constructor(recorder) {
    this.recorder = recorder
    this.clients = new Map()
  }

  /** The `return` element as a plain object, children and attributes alike. */
  async call(operation, args) {
    const exchangeId = this.recorder.next(operation)
    const options = { exchangeId, timeout: 60_000, proxy: false, forever: true }
    const [reply] = await this.clients.get(operation)[`${operation}Async`](args, options)
    if (!reply?.return) throw new Wrong(`${operation}: answered without a return element`)
    return plain(reply.return)
  }

  async accepted(operation, args) {
    const reply = await this.call(operation, args)
    if (reply.result !== true || text(reply) !== undefined) {
      throw new Wrong(`${operation} ${JSON.stringify(args)}: result ${reply.result}, text ${text(reply)}`)
    }
    return reply
  }

  /** Refuses with a text; `why` says what is bad about it. */
  async refused(operation, why, args) {
    const reply = await this.call(operation, args)
    if (reply.result !== false) throw new Wrong(`${operation} with ${why} was accepted: ${JSON.stringify(args)}`)
    if (!text(reply)) throw new Wrong(`${operation} with ${why} was refused without a text`)
    return reply
  }
}

/** Numbers the exchanges and keeps them as files, where there is a directory for them. */
export class Recorder {
  constructor(directory) {
    this.directory = directory
    this.count = 0
  }

  next(operation) {
    this.count += 1
    return `node-soap-${String(this.count).padStart(4, '0')}-${operation}`
  }

  keep(name, body) {
    if (this.directory) writeFileSync(join(this.directory, name), body)
  }
}

export const text = (reply) => reply.errorDesc ?? reply.errorDescription

/** Attributes beside children, numbers and flags as such, what may be many always a list. */
function plain(element) {
  if (element === null || typeof element !== 'object') return element
  if (Array.isArray(element)) return element.map(plain)
  const { attributes = {}, ...children } = element
  const out = {}
  for (const name of MANY) if (name in children) out[name] = plain([children[name]].flat())
  for (const [name, value] of Object.entries(children)) out[name] ??= plain(value)
  for (const [name, value] of Object.entries(attributes)) {
    if (NUMBERS.includes(name)) out[name] = Number(value)
    else if (value === 'true' || value === 'false') out[name] = value === 'true'
  }
  return out
}
