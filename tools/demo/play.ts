/** Plays `story.yaml`: makes the keys and files that it names, and signs and logs its acts. The same at every run. @module */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Fields } from '../../src/cli/draft.ts';
import { enrolmentFields, proveKey } from '../../src/cli/keyproof.ts';
import type { LogClient } from '../../src/client/logclient.ts';
import { verifyProof } from '../../src/client/offline.ts';
import { toHex } from '../../src/core/bytes.ts';
import { signStatement } from '../../src/core/cose.ts';
import type { Vkey } from '../../src/core/note.ts';
import { kidOf, type Signer } from '../../src/core/signature.ts';
import { fromJson, type Json } from '../../src/registry/json.ts';
import type { AdmittedKind } from '../../src/registry/kinds.ts';
import { contentTypeOf } from '../../src/registry/names.ts';
import { payloadOf, readPayload, subjectOf } from '../../src/registry/payload.ts';
import { writePublicKey } from '../../src/registry/publickey.ts';
import { createKeyFile, readKeyFile } from '../../src/store/keyfile.ts';
import type { Build } from './builds.ts';

export const ORIGIN = 'demo.limmat.example/acme';

type Act = { readonly kind: AdmittedKind; readonly by?: string; readonly as?: string } & Fields;
type Organisation = { id: string; name: string; role: string; roots: string[]; threshold: number };
export type Chapter = { readonly title: string; readonly text: string; readonly acts: readonly Act[] };
export type Question = {
  readonly ask: string;
  readonly get: readonly { readonly [name: string]: Fields }[];
  /** Whether it is enough to tell how many entries there are. */
  readonly list?: true;
  readonly expect?: readonly string[];
};
type Story = {
  readonly organisations: readonly Organisation[];
  readonly signers: { readonly [kind: string]: string };
  readonly fields: { readonly [kind: string]: Fields };
  readonly chapters: readonly Chapter[];
  readonly questions: readonly Question[];
};

export const STORY = parse(readFileSync(join(import.meta.dirname, 'story.yaml'), 'utf8'), { merge: true }) as Story;

type Ref = { readonly index: number; readonly leafHash: string };

const contentOf = (file: string): string => `This is ${file}, a file of a vendor that does not exist.\n`;
const hashOf = (file: string): string => createHash('sha256').update(contentOf(file)).digest('hex');

export class Player {
  readonly keys: string;
  readonly files: string;
  readonly #named = new Map<string, Ref>();
  readonly #signers = new Map<string, Signer>();

  constructor(folder: string) {
    [this.keys, this.files] = [`${folder}/keys`, `${folder}/files`];
    mkdirSync(this.keys, { recursive: true, mode: 0o700 });
    mkdirSync(this.files, { recursive: true });
  }

  /** A key by its name, made at the first run and kept. Its owner is what stands before the first dash. */
  signer(name: string): Signer {
    const path = this.#keyFile(name);
    if (!existsSync(path)) createKeyFile(path, 'ed25519', new Uint8Array(randomBytes(32)));
    const signer = this.#signers.get(name) ?? readKeyFile(path);
    this.#signers.set(name, signer);
    return signer;
  }

  /** What the first policy says beside the operator. */
  policyFields(): Fields {
    const organisations = STORY.organisations.map(({ roots, ...organisation }) => {
      return { ...organisation, rootKeys: roots.map((name) => toHex(writePublicKey(this.signer(name).key))) };
    });
    return { organisations };
  }

  /** Logs the acts of a chapter one by one, each with a proof that is checked; answers their indexes. */
  async play({ acts }: Chapter, client: LogClient, vkeys: readonly Vkey[]): Promise<number[]> {
    const indexes: number[] = [];
    for (const { kind, by = STORY.signers[kind] as string, as, ...fields } of acts) {
      const submit = async (statement: Uint8Array): Promise<Ref> => {
        const { index, leafHash } = verifyProof(await client.submit(statement), vkeys, statement);
        indexes.push(index);
        return { index, leafHash: toHex(leafHash) };
      };
      const ref = await submit(this.#statement(kind, by, fields));
      if (as !== undefined) this.#named.set(as, ref);
      const { roots, threshold } = STORY.organisations.find((one) => by.startsWith(`${one.id}-root`)) ?? NO_ROOTS;
      for (const root of roots.slice(1, threshold)) await submit(this.#statement('approval', root, { ref }));
    }
    return indexes;
  }

  /** The statement that the pipeline of acme signs for a real package. */
  build({ packageUrl, product, version, artifact }: Build): Uint8Array {
    const { artifactKind, builder, site } = STORY.fields.build as {
      artifactKind: 'software';
      builder: string;
      site: string;
    };
    const payload = payloadOf('build', { product, version, artifactKind, artifacts: [artifact], builder, site });
    return this.#sign('build', 'acme-build', payload, packageUrl);
  }

  #statement(kind: AdmittedKind, by: string, said: Fields): Uint8Array {
    const fields = this.resolve({ ...STORY.fields[kind], ...said }) as Fields;
    const whole = fields.event === 'enroll' ? { ...fields, ...this.#enrolment(by, fields) } : fields;
    const payload = fromJson(kind, whole);
    const given = kind === 'key' ? `key:${this.#kid(this.#keyNamed(by, fields))}` : packageOf(by, fields);
    return this.#sign(
      kind,
      by,
      payload,
      subjectOf(kind, readPayload(kind, payload).value, { origin: ORIGIN, sub: given }),
    );
  }

  #sign(kind: AdmittedKind, by: string, payload: Uint8Array, sub: string): Uint8Array {
    const signer = this.signer(by);
    const header = { kid: kidOf(signer.key), contentType: contentTypeOf(kind), iss: ownerOf(by), sub, aud: ORIGIN };
    return signStatement({ signer, ...header, payload });
  }

  /** What a new key says of itself. */
  #enrolment(by: string, { purpose, keyId }: Fields): Fields {
    const name = this.#keyNamed(by, { keyId: keyId as Json });
    this.signer(name);
    const enrolledFor = { origin: ORIGIN, organisation: ownerOf(by), purpose: String(purpose), keyId: String(keyId) };
    return enrolmentFields(proveKey(this.#keyFile(name), enrolledFor as Parameters<typeof proveKey>[1]));
  }

  #keyNamed(by: string, { keyId }: Fields): string {
    return `${ownerOf(by)}-${keyId}`;
  }

  #keyFile(name: string): string {
    return `${this.keys}/${name}.pem`;
  }

  #kid(name: string): string {
    return toHex(kidOf(this.signer(name).key));
  }

  /** Puts what the names of the story stand for in their place. */
  resolve(json: Json): Json {
    if (Array.isArray(json)) return json.map((item: Json) => this.resolve(item));
    if (typeof json === 'object' && json !== null) {
      return Object.fromEntries(Object.entries(json).map(([name, item]) => [name, this.resolve(item)]));
    }
    if (typeof json !== 'string') return json;
    const [, sign, name, part] = /^(\$|file:|list:)(.+?)(\.index)?$/.exec(json) ?? [];
    if (sign === '$') return part === undefined ? this.#ref(name as string) : this.#ref(name as string).index;
    if (sign === 'list:') return (name as string).split(' ');
    if (sign === 'file:') return this.#file(name as string);
    return json.replace(/hash:(\S+)/g, (_, file) => hashOf(file)).replace(/^kid:(.+)/, (_, key) => this.#kid(key));
  }

  #ref(name: string): Ref {
    const ref = this.#named.get(name);
    if (ref === undefined) throw new Error(`the story refers to ${name}, and has no such entry before that`);
    return ref;
  }

  #file(name: string): Json {
    writeFileSync(join(this.files, name), contentOf(name));
    return { name, digests: { sha256: hashOf(name) }, size: contentOf(name).length };
  }
}

const NO_ROOTS = { roots: [], threshold: 1 };
const ownerOf = (key: string): string => key.split('-', 1)[0] as string;
const packageOf = (by: string, { product, version }: Fields) => `pkg:generic/${ownerOf(by)}/${product}@${version}`;
