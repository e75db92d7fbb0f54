// Each operation of ../operations.json once badly and once well, each in a session of its own.

import { readFileSync } from 'node:fs'
import { Wrong, text } from './gateway.mjs'

const PATIENCE_MS = 10_000
const FILE = new URL('../operations.json', import.meta.url)

/** What whoever runs this has prepared: name=value;name=value. */
function givenNames () {
  const pairs = (process.env.OIG_NAMES ?? '').split(';').filter((pair) => pair)
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
}

export class Operations {
  /** `address` is node 1's; `login` what a session begins with. */
  constructor(gateway, login, address) {
    Object.assign(this, { gateway, login, address, plan: JSON.parse(readFileSync(FILE, 'utf8')) })
  }

  /** How many operations were called; those that wait for their handler are not. */
  async run() {
    const ready = Object.entries(this.plan.operations).filter(([, entry]) => !entry.waiting)
    for (const [name, entry] of ready) {
      try {
        await this.entry(name, entry)
      } catch (trouble) {
        throw trouble instanceof Wrong ? new Wrong(`the entry of ${name}: ${trouble.message}`) : trouble
      }
    }
    return ready.length
  }

  async entry(name, { given, bad, good, then = [] }) {
    await this.begin()
    if (given) await this.steps([{ given }])
    await this.bad(name, bad)
    await this.good(name, good)
    await this.steps(then)
    await this.end()
  }

  async begin() {
    const { sessionId: session } = await this.gateway.accepted('loginEx', { req: this.login })
    this.kept = { session, address: this.address, ...givenNames() }
    this.heard = []
    const request = { attributes: { sessionId: session }, icpIpAddress: this.address }
    this.kept.icp = (await this.gateway.accepted('getIcpId', { request })).icpId
    for (const [party, primeDn] of Object.entries(this.plan.parties)) {
      const request = { attributes: { sessionId: session, icpId: this.kept.icp }, primeDn }
      this.kept[party] = (await this.gateway.accepted('getPhoneNumberId', { request })).objectId
      await this.gateway.accepted('monitorObject', this.at(party))
    }
    // A call that began before the last MONITOR_SET would be told by that one.
    const eventNumber = Object.keys(this.plan.parties).length
    await this.gateway.accepted('getNumberedEvent', { sessionId: session, timeout: 10000, eventNumber })
  }

  at(party) {
    return { sessionId: this.kept.session, objectId: this.kept[party] }
  }

  /** Whatever calls are left are cleared, so that the next entry begins with idle phones. */
  async end() {
    const until = Date.now() + PATIENCE_MS
    for (const party of Object.keys(this.plan.parties)) {
      const watched = await this.gateway.call('getCallStatus', this.at(party))
      if (!watched.result) await this.gateway.accepted('monitorObject', this.at(party))
      for (;;) {
        const { callEvent } = await this.gateway.accepted('getCallStatus', this.at(party))
        if (callEvent.callState === 'IDLE') break
        if (Date.now() > until) throw new Wrong(`${party} is still ${callEvent.callState}`)
        const leg = { ...this.at(party), localCallId: callEvent.localCallId }
        // What is held is retrieved first, and what rings by itself is answered.
        for (const way of ['clearCall', 'retrieveCall', 'answerCall']) {
          if ((await this.gateway.call(way, leg)).result) break
        }
        await this.gateway.call('getEvent', { sessionId: this.kept.session, timeout: 100 })
      }
    }
    await this.gateway.accepted('logout', { sessionId: this.kept.session })
  }

  async steps(steps) {
    for (const step of steps) {
      if (step.given) await this.steps(this.plan.given[step.given])
      else if (step.do) await this.good(step.do, step)
      else await this.hear(step)
    }
  }

  async good(operation, step) {
    const { gives = {}, keep = {} } = step
    const reply = await this.accepted(operation, step)
    for (const [path, value] of Object.entries(gives)) {
      const [found, wanted] = [field(reply, path), this.value(value)]
      // node-soap leaves some numbers and flags as text.
      if (found === undefined || (wanted !== '*' && String(found) !== String(wanted))) {
        throw new Wrong(`${operation}: ${path} is ${found}, should be ${wanted}`)
      }
    }
    for (const [name, path] of Object.entries(keep)) this.kept[name] = field(reply, path)
  }

  async accepted(operation, { with: args, patient = false }) {
    const until = Date.now() + PATIENCE_MS
    for (;;) {
      try {
        return await this.gateway.accepted(operation, this.value(args))
      } catch (trouble) {
        if (!patient || !(trouble instanceof Wrong) || Date.now() > until) throw trouble
      }
    }
  }

  async bad(operation, { with: args, text: wanted }) {
    const reply = await this.gateway.call(operation, this.value(args))
    if (reply.result !== false || text(reply) !== wanted) {
      throw new Wrong(`${operation}: result ${reply.result}, text ${text(reply)}, should be ${wanted}`)
    }
  }

  /** The first event of this type at this party that was not taken yet. */
  async hear({ hear: type, at, keep }) {
    const until = Date.now() + PATIENCE_MS
    const kind = (event) => event.type ?? event.eventType // of a call or a feature
    const wanted = (event) => kind(event) === type && event.objectId === this.kept[at]
    while (!this.heard.some(wanted)) {
      if (Date.now() > until) throw new Wrong(`${at} did not hear ${type}, but ${this.heard.map(kind)}`)
      const reply = await this.gateway.call('getEvent', { sessionId: this.kept.session, timeout: 1000 })
      if (reply.result) this.heard.push(reply.callEvent ?? reply.featureEvent)
    }
    const [event] = this.heard.splice(this.heard.findIndex(wanted), 1)
    if (keep) this.kept[keep] = event.localCallId
  }

  /** With what was kept in place of `$name`, and attributes where node-soap looks for them. */
  value(given) {
    if (given === null || typeof given !== 'object') {
      return typeof given === 'string' && given.startsWith('$') ? this.kept[given.slice(1)] : given
    }
    if (Array.isArray(given)) return given.map((inner) => this.value(inner))
    const [attributes, children] = [{}, {}]
    for (const [name, inner] of Object.entries(given)) {
      if (name.startsWith('@')) attributes[name.slice(1)] = this.value(inner)
      else children[name] = this.value(inner)
    }
    return Object.keys(attributes).length ? { attributes, ...children } : children
  }
}

const field = (reply, path) => path.split('.').reduce((holder, name) => holder?.[name], reply)
