/** Stands before a witness as it may be met: well, gone, slow; at an address that stays when the witness is another. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Gate {
  readonly url: string;
  /** Where requests go; undefined if the witness is gone. */
  target: string | undefined;
  /** The bodies of requests so far, and a call for each that is held back. */
  readonly requests: string[] = [];
  /** Answers in place of the witness. */
  instead: ((path: string, body: Buffer) => { status: number; type: string; body: Uint8Array } | undefined) | undefined;
  /** Changes what the witness answers. */
  change: ((path: string, status: number, body: Buffer) => { status: number; body: Buffer | string }) | undefined;
  #held: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  static async open(): Promise<Gate> {
    const gate: { current?: Gate } = {};
    const server = createServer((request, response) => void gate.current?.pass(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    gate.current = new Gate(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return gate.current;
  }

  private constructor(url: string) {
    this.url = url;
  }

  async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = request.url as string;
    this.requests.push(`${request.method} ${path} ${body.toString().split('\n', 1)[0]}`);
    for (const tell of this.#waiting.splice(0)) tell();
    await this.#held;
    const said = this.instead?.(path, body);
    if (said) {
      response.writeHead(said.status, { 'content-type': said.type }).end(said.body);
      return;
    }
    if (this.target === undefined) {
      request.socket.destroy();
      return;
    }
    const post = request.method === 'POST' ? { method: 'POST', body: body as BodyInit } : {};
    const answer = await fetch(this.target + path, post);
    const type = answer.headers.get('content-type') ?? '';
    const given = { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
    const sent = this.change?.(path, given.status, given.body) ?? given;
    response.writeHead(sent.status, { 'content-type': type }).end(sent.body);
  }

  /** Holds requests back until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return () => release();
  }

  /** Resolves when the next request has come in. */
  next(): Promise<void> {
    // Servers do not keep a test alive; whoever waits for them does.
    const alive = setInterval(() => {}, 60_000);
    return new Promise((resolve) =>
      this.#waiting.push(() => {
        clearInterval(alive);
        resolve();
      }),
    );
  }
}
