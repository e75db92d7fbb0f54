// Holds one call event against what the contract says of it. Pure: no client, no clock of its own.

import { Wrong } from './gateway.mjs'

const GLOBAL_CALL_ID = /^[A-Za-z][0-9]{3}[0-9A-Za-z]{4}[A-Z]?$/

/** A phone of the call: who it is, and what its last event said. */
export class Party {
  constructor(name, { dn, node }) {
    Object.assign(this, { name, dn, node, icpId: 0, objectId: 0, leg: 0, allowed: [], timeMs: 0 })
  }
}

/** What must be true of every event of one call, and of one event against the next. */
export class Oracle {
  constructor(scenario, parties, startedMs) {
    this.types = scenario.attribute_types
    this.parties = parties
    this.startedMs = startedMs
    this.globalCallId = undefined
  }

  /** `event` is the one that `expected` describes, at the party `at`. */
  check(event, expected, at, nowMs) {
    const said = `${event.type} / ${event.cause} / ${event.callState}`
    const wanted = `${expected.type} / ${expected.cause} / ${expected.state}`
    if (said !== wanted) throw new Wrong(`${at.name} ${at.dn} heard ${said}, should hear ${wanted}`)
    this.checkAny(event, at, nowMs)
    const attributes = this.attributes(event.callEventAttribute, said)
    for (const [name, party] of Object.entries(expected.attributes ?? {})) {
      same(`${said} ${name}`, attributes[name], this.parties[party].dn)
    }
    this.checkDevices(event.device ?? [], expected.devices, at, `${said} at ${at.dn}`)
    this.checkLeg(event, expected.state, at, attributes, said)
    at.allowed = event.featuresAllowed ?? []
  }

  /** What holds for every event, expected or not. */
  checkAny(event, at, nowMs) {
    const said = `${event.type} at ${at.dn}`
    same(`${said}: objectId`, event.objectId, at.objectId)
    const [timeMs, earliest] = [event.callEventTime, Math.max(this.startedMs, at.timeMs)]
    if (!(earliest <= timeMs && timeMs <= nowMs + 2000)) {
      throw new Wrong(`${said}: callEventTime ${timeMs}, between ${earliest} and ${nowMs}`)
    }
    at.timeMs = timeMs
    same(`${said}: ICP_ID`, this.attributes(event.callEventAttribute, said).ICP_ID, String(at.icpId))
  }

  /** The leg's id stays from first to last, the Global Call ID is one for the whole call. */
  checkLeg(event, state, at, attributes, said) {
    const [leg, call] = [event.localCallId, attributes.CURRENT_GLOBAL_CALL_ID]
    if (event.type === 'MONITOR_SET' && state === 'IDLE') return same(`${said}: localCallId`, leg, 0)
    if (!(leg > 0 && Number.isSafeInteger(leg))) throw new Wrong(`${said}: localCallId ${leg}`)
    same(`${said}: localCallId`, leg, at.leg || leg)
    at.leg = state === 'IDLE' ? 0 : leg
    if (!GLOBAL_CALL_ID.test(call ?? '')) throw new Wrong(`${said}: CURRENT_GLOBAL_CALL_ID ${call}`)
    this.globalCallId ??= call
    same(`${said}: CURRENT_GLOBAL_CALL_ID`, call, this.globalCallId)
  }

  /** Roles in order; each with number, type and name, a far node's party at least with its number. */
  checkDevices(devices, expected, at, said) {
    if (!expected.some(([, party]) => party === at.name)) expected = [['USING_DEVICE', at.name], ...expected]
    const [names, roles] = [devices.map((device) => device.deviceName), expected.map(([role]) => role)]
    if (names.length !== roles.length || names.some((name, i) => !roles[i].split('|').includes(name))) {
      throw new Wrong(`${said}: devices ${names}, should be ${roles}`)
    }
    expected.forEach(([role, name], i) => {
      const [party, what] = [this.parties[name], `${said}: ${role}`]
      const attributes = this.attributes(devices[i].deviceAttribute, what)
      same(`${what} NUMBER`, attributes.NUMBER, party.dn)
      for (const wanted of ['NAME', 'DEVICE_TYPE']) {
        if (party.node === at.node && !attributes[wanted]) throw new Wrong(`${what} has no ${wanted}`)
      }
    })
  }

  /** Name to value; each of the type that its name has, none twice. */
  attributes(rows = [], what) {
    const values = {}
    for (const { attributeName: name, attributeType, attributeValue } of rows) {
      same(`${what}: type of ${name}`, attributeType, this.types[name] ?? attributeType)
      if (name in values) throw new Wrong(`${what}: ${name} twice`)
      values[name] = attributeValue
    }
    return values
  }
}

export function same(what, found, wanted) {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Wrong(`${what} is ${a}, should be ${b}`)
}
