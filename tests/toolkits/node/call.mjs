// Drives a running gateway through node-soap: sessions, ids, monitors, events and whole calls.
//
//   node call.mjs URL HANDS1 HANDS2 [--icp1 ADDRESS] [--icp2 ADDRESS] [--record DIR]
//
// URL is the gateway's; HANDS1 and HANDS2 are the hands of nodes 1 and 2. A node is asked for by the
// address of its hands, unless --icp1 or --icp2 names another. What is done and what must be heard is
// in ../scenario.json and ../operations.json; `../python/call.py` does the same through another toolkit.
// Run by the tests.

import { mkdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Oracle, Party, same } from './events.mjs'
import { Gateway, Recorder, Wrong, text } from './gateway.mjs'
import { Operations } from './operations.mjs'

const PATIENCE_MS = 10_000
const UNKNOWN_ID = 4_000_000_000_000_001
const LEG_COMMANDS = ['answerCall', 'holdCall', 'retrieveCall', 'clearCall']

/** A logged in application: its timer is reset every 5 s, its events are read in order. */
class Session {
  static async begin(gateway, scenario) {
    const login = await gateway.accepted('loginEx', { req: scenario.login })
    if (!(login.sessionId > 0 && Number.isSafeInteger(login.sessionId))) {
      throw new Wrong(`loginEx: sessionId ${login.sessionId}`)
    }
    same('authenticationData of a standard session', login.authenticationData, undefined)
    return new Session(gateway, scenario.nothing_to_hear, login.sessionId)
  }

  constructor(gateway, silence, id) {
    Object.assign(this, { gateway, silence, id, heard: new Map(), over: new AbortController() })
    // Its failure is told by logout; until then it must not end the process.
    this.timer = this.keepAlive().catch((trouble) => (this.trouble = trouble))
  }

  async keepAlive() {
    while (!this.over.signal.aborted) {
      await this.accepted('resetSessionTimer')
      await wait(5000, undefined, { signal: this.over.signal }).catch(() => {})
    }
  }

  accepted(operation, args = {}) {
    return this.gateway.accepted(operation, { sessionId: this.id, ...args })
  }

  refused(operation, why, args = {}) {
    return this.gateway.refused(operation, why, { sessionId: this.id, ...args })
  }

  /** An operation whose arguments lie in a `request` element, the session in its attributes. */
  asks(operation, attributes, children) {
    return this.gateway.accepted(operation, request(this.id, attributes, children))
  }

  /** The next call event of this party; those of others are kept for them. */
  async nextEvent(party) {
    const until = Date.now() + PATIENCE_MS
    while (!this.heard.get(party.objectId)?.length) {
      const reply = await this.gateway.call('getEvent', { sessionId: this.id, timeout: 1000 })
      if (reply.result) {
        same('eventType', reply.eventType, 'CALL_EVENT')
        const of = reply.callEvent.objectId
        this.heard.set(of, [...(this.heard.get(of) ?? []), reply.callEvent])
      } else {
        same('text of getEvent', text(reply), this.silence)
        if (Date.now() > until) throw new Wrong(`${party.name} ${party.dn} heard nothing for ${PATIENCE_MS} ms`)
      }
    }
    return this.heard.get(party.objectId).shift()
  }

  async hearsNothing(timeout) {
    const reply = await this.refused('getEvent', 'nothing to hear', { timeout })
    same('text of getEvent', text(reply), this.silence)
    same('events that nobody expected', [...this.heard.values()].flat().map((event) => event.type), [])
  }

  async logout() {
    this.over.abort()
    await this.timer
    if (this.trouble) throw new Wrong(`while the session's timer was reset: ${this.trouble.message}`)
    await this.accepted('logout')
    const reply = await this.gateway.call('resetSessionTimer', { sessionId: this.id })
    same('resetSessionTimer after logout', reply.result, false)
  }
}

const request = (sessionId, attributes, children) => ({
  request: { attributes: { sessionId, ...attributes }, ...children },
})

/** One call of the scenario, from login to logout. */
class Call {
  constructor(name, gateway, scenario, hands, addresses) {
    Object.assign(this, { gateway, scenario, plan: scenario.calls[name], hands, addresses })
    const parties = Object.entries(this.plan.parties).map(([n, who]) => [n, new Party(n, who)])
    this.parties = Object.fromEntries(parties)
    this.oracle = new Oracle(scenario, this.parties, Date.now() - 2000)
  }

  async run() {
    this.session = await Session.begin(this.gateway, this.scenario)
    this.other = await Session.begin(this.gateway, this.scenario)
    const { serviceVersions } = await this.session.accepted('serviceVersions')
    same('serviceVersions', serviceVersions, this.scenario.versions)
    await this.session.hearsNothing(1)
    await this.findObjects()
    await this.monitor()
    if (this.plan.refusals) {
      await this.refusalsOfSessions()
      await this.refusalsOfObjects()
    }
    await this.numberedAndCancelled()
    for (const step of this.plan.steps) await this.step(step)
    for (const name of this.plan.callers ?? []) await this.caller(name)
    await this.session.hearsNothing(300)
    for (const { objectId } of Object.values(this.parties)) {
      await this.session.accepted('stopMonitor', { objectId })
      await this.session.refused('makeCall', 'its monitor stopped', { objectId, number: '1001' })
    }
    await this.other.hearsNothing(1)
    await this.other.logout()
    await this.session.logout()
    return this.oracle.globalCallId
  }

  async findObjects() {
    for (const party of Object.values(this.parties)) {
      const [icpIpAddress, until] = [this.addresses[party.node - 1], Date.now() + PATIENCE_MS]
      for (;;) {
        const icp = await this.session.asks('getIcpId', {}, { icpIpAddress })
        party.icpId = icp.icpId
        if (icp.connectionState === 'CONNECTED') break
        if (Date.now() > until) throw new Wrong(`node ${icpIpAddress} is ${icp.connectionState}`)
        await wait(100)
      }
      party.objectId = await this.find(party.dn, party.icpId)
      same('the id asked for again', await this.find(party.dn, party.icpId), party.objectId)
    }
    this.bystander = await this.find(this.plan.bystander, this.parties.caller.icpId)
    const ids = new Set([this.bystander, ...Object.values(this.parties).map((party) => party.objectId)])
    same('number of objects', ids.size, 3)
  }

  async find(primeDn, icpId) {
    const { objectId } = await this.session.asks('getPhoneNumberId', { icpId }, { primeDn })
    if (!(objectId > 0 && Number.isSafeInteger(objectId))) {
      throw new Wrong(`getPhoneNumberId ${primeDn}: objectId ${objectId}`)
    }
    return objectId
  }

  async monitor() {
    for (const party of Object.values(this.parties)) {
      const reply = await this.session.accepted('monitorObject', { objectId: party.objectId })
      same('monitorObject: objectId', reply.objectId, party.objectId)
      same('monitorObject: icpId', reply.icpId, party.icpId)
      await this.hear({ ...this.scenario.monitor_set, at: party.name })
      await this.statusIs(party, 'IDLE')
    }
  }

  /** Reads on at the party until the expected event; in between only what may be heard. */
  async hear(expected) {
    const party = this.parties[expected.at]
    let event = await this.session.nextEvent(party)
    while (this.plan.may_hear.includes(event.type)) {
      this.oracle.checkAny(event, party, Date.now())
      event = await this.session.nextEvent(party)
    }
    this.oracle.check(event, expected, party, Date.now())
  }

  async statusIs(party, state) {
    const { callEvent: event } = await this.session.accepted('getCallStatus', { objectId: party.objectId })
    const what = `getCallStatus of ${party.dn}`
    same(what, [event.callState, event.localCallId], [state, party.leg])
    same(`${what}: objectId`, event.objectId, party.objectId)
    if (state === 'IDLE') same(`${what}: type`, event.type, 'MONITOR_SET')
  }

  /** The name of somebody outside comes as it is; who has none has no NAME. */
  async caller(name) {
    const { callee } = this.parties
    const outside = `${this.hands[callee.node - 1]}/outside`
    const does = async (what, body) => {
      const headers = { 'Content-Type': 'application/json' }
      const reply = await fetch(`${outside}/${what}`, { method: 'POST', headers, body: JSON.stringify(body) })
      const said = await reply.text()
      same(`${outside}/${what}: ${said}`, reply.status, 200)
      return JSON.parse(said)
    }
    const { call } = await does('call', { from: '+14165551234', name, to: `+1613555${callee.dn}` })
    const rings = await this.session.nextEvent(callee)
    same('what somebody outside leads to', rings.type, 'CALL_RECEIVED')
    const who = rings.device.find((device) => device.deviceName === 'CALLING_DEVICE')
    const said = who.deviceAttribute.find((attribute) => attribute.attributeName === 'NAME')
    same('the name of somebody outside', said?.attributeValue, name || undefined)
    await does(`${call}/hangup`, {})
    same('what follows', (await this.session.nextEvent(callee)).type, 'CALL_CLEAR')
  }

  async step(step) {
    const by = this.parties[step.by]
    if (step.hand) {
      const url = `${this.hands[by.node - 1]}/phones/${by.dn}/${step.hand}`
      const headers = { 'Content-Type': 'application/json' }
      const reply = await fetch(url, { method: 'POST', headers, body: '{"line":1}' })
      same(`${url}: ${await reply.text()}`, reply.status, 200)
    } else if (step.do === 'makeCall') {
      const number = this.parties[step.number].dn
      await this.session.accepted('makeCall', { objectId: by.objectId, number })
    } else {
      const feature = this.scenario.feature_of[step.do]
      if (!by.allowed.includes(feature)) throw new Wrong(`${feature} is not announced at ${by.dn}, only ${by.allowed}`)
      await this.session.accepted(step.do, { objectId: by.objectId, localCallId: by.leg })
    }
    for (const expected of step.hear) await this.hear(expected)
    for (const party of Object.values(this.parties)) {
      const { state } = step.hear.findLast((expected) => expected.at === party.name)
      await this.statusIs(party, state)
      if (party.leg && this.plan.refusals) await this.refusalsOfLegs(party)
    }
  }

  /** What is not announced, legs that are not, and a session that does not watch. */
  async refusalsOfLegs({ dn, objectId, leg, allowed }) {
    for (const [operation, feature] of Object.entries(this.scenario.feature_of)) {
      if (allowed.includes(feature)) continue
      await this.session.refused(operation, `${feature} not announced at ${dn}`, { objectId, localCallId: leg })
    }
    for (const operation of LEG_COMMANDS) {
      await this.session.refused(operation, 'an unknown leg', { objectId, localCallId: leg + 1_000_000 })
      await this.other.refused(operation, 'a session that does not watch', { objectId, localCallId: leg })
    }
  }

  /** Every operation with a session that does not exist; logins that are not right. */
  async refusalsOfSessions() {
    const wrong = { localPassword: 'x', applicationPassword: 'x', applicationName: 'Nobody', companyName: 'Nobody',
      version: '99.0' }
    for (const [field, value] of Object.entries(wrong)) {
      const req = { ...this.scenario.login, [field]: value }
      const reply = await this.gateway.refused('loginEx', `${field} ${value}`, { req })
      same('sessionId of a refused login', reply.sessionId, 0)
    }
    const reply = await this.gateway.call('resetSessionTimer', { sessionId: UNKNOWN_ID })
    same('resetSessionTimer of an unknown session', reply.result, false)
    const { objectId, icpId } = this.parties.caller
    const operations = {
      serviceVersions: {}, logout: {}, cancelGetEvent: {}, getEvent: { timeout: 1 },
      getNumberedEvent: { timeout: 1, eventNumber: 1 }, getCallStatus: { objectId },
      monitorObject: { objectId }, stopMonitor: { objectId }, makeCall: { objectId, number: '1001' },
      ...Object.fromEntries(LEG_COMMANDS.map((operation) => [operation, { objectId, localCallId: 1 }])),
    }
    for (const [operation, args] of Object.entries(operations)) {
      await this.gateway.refused(operation, 'an unknown session', { sessionId: UNKNOWN_ID, ...args })
    }
    for (const [operation, attributes, children] of [
      ['getIcpId', {}, { icpIpAddress: this.addresses[0] }],
      ['getPhoneNumberId', { icpId }, { primeDn: '1000' }],
    ]) {
      await this.gateway.refused(operation, 'an unknown session', request(UNKNOWN_ID, attributes, children))
    }
  }

  /** Objects that do not exist, and one that exists and is not monitored. */
  async refusalsOfObjects() {
    const nowhere = request(this.session.id, {}, { icpIpAddress: '192.0.2.1' })
    const icp = await this.gateway.refused('getIcpId', 'no such node', nowhere)
    same('connectionState of no node', icp.connectionState, 'NOT_CONNECTED')
    for (const [icpId, primeDn] of [[this.parties.caller.icpId, '7654321'], [999, '1000']]) {
      const nobody = request(this.session.id, { icpId }, { primeDn })
      await this.gateway.refused('getPhoneNumberId', `no such number ${primeDn} of ${icpId}`, nobody)
    }
    const reply = await this.session.refused('monitorObject', 'no such object', { objectId: UNKNOWN_ID })
    same('objectId of a refused monitor', reply.objectId, UNKNOWN_ID)
    await this.session.refused('advGetEvent', 'standard service', { timeout: 1 })
    const [objectId, why] = [this.bystander, 'an unmonitored object']
    await this.session.refused('makeCall', why, { objectId, number: '1001' })
    for (const operation of ['getCallStatus', 'stopMonitor']) await this.session.refused(operation, why, { objectId })
    for (const operation of LEG_COMMANDS) await this.session.refused(operation, why, { objectId, localCallId: 1 })
  }

  /** Event 1 again by its number; one that is yet to come; a held poll let go by another request. */
  async numberedAndCancelled() {
    const first = await this.session.accepted('getNumberedEvent', { timeout: 1000, eventNumber: 1 })
    const { type, objectId } = first.callEvent
    const wanted = [1, false, 'MONITOR_SET', this.parties.caller.objectId]
    same('event 1', [first.eventNumber, first.advanced, type, objectId], wanted)
    const later = { timeout: 1, eventNumber: 1000 }
    const none = await this.session.refused('getNumberedEvent', 'no event 1000 yet', later)
    same('text of getNumberedEvent', text(none), this.session.silence)

    let answer
    const poll = this.gateway.call('getEvent', { sessionId: this.session.id, timeout: 60_000 })
    const polled = poll.then((reply) => (answer = reply))
    const until = Date.now() + PATIENCE_MS
    while (!answer) {
      await this.session.accepted('cancelGetEvent')
      await Promise.race([polled, wait(100)])
      if (Date.now() > until) throw new Wrong('cancelGetEvent did not release a held poll')
    }
    same('a poll that was let go', [answer.result, text(answer)], [false, this.session.silence])
  }
}

async function main() {
  const options = { icp1: { type: 'string' }, icp2: { type: 'string' }, record: { type: 'string' } }
  const { values: given, positionals } = parseArgs({ options, allowPositionals: true })
  if (positionals.length !== 3) throw new Error('usage: call.mjs URL HANDS1 HANDS2 [--icp1 A] [--icp2 A] [--record DIR]')
  const [url, ...hands] = positionals.map((address) => address.replace(/\/+$/, ''))
  const addresses = [given.icp1 ?? new URL(hands[0]).hostname, given.icp2 ?? new URL(hands[1]).hostname]
  if (given.record) mkdirSync(given.record, { recursive: true })
  const scenario = JSON.parse(readFileSync(new URL('../scenario.json', import.meta.url), 'utf8'))
  // A proxy of the machine has no part in this.
  for (const name of Object.keys(process.env)) if (/^(https?|all)_proxy$/i.test(name)) delete process.env[name]

  const recorder = new Recorder(given.record)
  const [began, calls] = [Date.now(), new Set()]
  let [at, operations] = ['the WSDL', 0]
  try {
    const gateways = [await Gateway.at(url, recorder), await Gateway.at(url, recorder, true)]
    const named = gateways.map((gateway) => [...gateway.clients.keys()].sort())
    same('operations at the old paths', named[1], named[0])
    for (const [i, name] of Object.keys(scenario.calls).entries()) {
      at = name
      calls.add(await new Call(name, gateways[i], scenario, hands, addresses).run())
    }
    same('Global Call IDs', calls.size, Object.keys(scenario.calls).length)
    at = 'the operations'
    operations = await new Operations(gateways[0], scenario.login, addresses[0]).run()
  } catch (trouble) {
    throw new Error(`node-soap: failed in ${at}: ${trouble.message}`, { cause: trouble })
  }
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  const done = `${calls.size} calls, ${operations} operations, ${recorder.count} requests`
  return `node-soap: ${done}, ${seconds} s: as agreed`
}

try {
  console.log(await main())
  process.exit(0)
} catch (trouble) {
  if (trouble.cause && !(trouble.cause instanceof Wrong)) console.error(trouble.cause)
  console.error(trouble.message)
  process.exit(1) // a held poll must not keep the process
}
