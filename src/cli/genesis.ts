/** The first two entries of a log of statements: the policy that people pin, and the first heartbeat. @module */
import { toHex } from '../core/bytes.ts';
import { decodeStatement, signStatement } from '../core/cose.ts';
import { Fault } from '../core/fault.ts';
import { kidOf, type Signer } from '../core/signature.ts';
import { makeHeartbeat } from '../log/statements.ts';
import { fromJson, type Json } from '../registry/json.ts';
import { contentTypeOf, KIND_NAMES, kindOf, logSubject } from '../registry/names.ts';
import { readPayload } from '../registry/payload.ts';
import { writePublicKey } from '../registry/publickey.ts';

export type GenesisParts = {
  readonly origin: string;
  /** Organisation id of the operator. */
  readonly operator: string;
  /** Undefined if `fields` name the operator's organisation with its root keys. */
  readonly operatorKey: Signer | undefined;
  /** The statement key of the log. */
  readonly logKey: Signer;
  /** Fields that replace or follow those made here: further organisations, witnesses, bounds. */
  readonly fields: { readonly [name: string]: Json };
};

/** The payload of the first policy: what is asked for, and a sensible rest. */
export function firstPolicy({ origin, operator, operatorKey, logKey, fields }: GenesisParts): Uint8Array {
  const { organisations = [], ...others } = fields;
  if (!Array.isArray(organisations)) throw new Fault('bad-request', 'organisations is a list');
  const hasOperator = organisations.some((each: Json) => (each as { role?: Json } | null)?.role === 'operator');
  return fromJson('policy', {
    version: 1,
    origin,
    rules: 1,
    organisations: hasOperator ? organisations : [organisationOf(operator, operatorKey), ...organisations],
    kinds: [...KIND_NAMES],
    maxEntryBytes: 65_535,
    logKey: toHex(writePublicKey(logKey.key)),
    supervisorNoticeDays: 30,
    ...others,
  });
}

function organisationOf(operator: string, key: Signer | undefined): Json {
  if (!key) {
    throw new Fault(
      'bad-request',
      'the policy needs a root key of the operator: give --operator-key FILE, or name the operator among the ' +
        'organisations of --policy with the publicKey that `limmat keygen` printed',
    );
  }
  return { id: operator, name: operator, role: 'operator', rootKeys: [toHex(writePublicKey(key.key))], threshold: 1 };
}

/** Signs the first policy for its operator. */
export function signGenesis(parts: GenesisParts & { readonly operatorKey: Signer }): Uint8Array {
  const { origin, operator, operatorKey } = parts;
  return signStatement({
    signer: operatorKey,
    kid: kidOf(operatorKey.key),
    contentType: contentTypeOf('policy'),
    iss: operator,
    sub: logSubject(origin),
    aud: origin,
    payload: firstPolicy(parts),
  });
}

/** The first heartbeat of a log whose first policy is given. Fault `bad-request` if that is for another log. */
export function firstHeartbeat(genesis: Uint8Array, origin: string, logKey: Signer, now: Date): Uint8Array {
  const statement = decodeStatement(genesis);
  if (kindOf(statement.contentType) !== 'policy')
    throw new Fault('bad-request', 'the genesis statement is not a policy');
  const policy = readPayload('policy', statement.payload).value;
  if (policy.origin !== origin || toHex(policy.logKey) !== toHex(writePublicKey(logKey.key))) {
    throw new Fault('bad-request', 'the genesis policy names another origin or another log key than this log has');
  }
  return makeHeartbeat(logKey, origin, statement.iss, now);
}
