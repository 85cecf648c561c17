/** Those whom a monitor tells: a webhook and a mailbox, as small servers on the loopback. */

import type { Server as HttpServer } from 'node:http';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export type Delivery = { readonly body: Buffer; readonly signature: string; readonly type: string };

/** Takes what is posted to it, or answers what it is told to. */
export class Webhook {
  readonly got: Delivery[] = [];
  status = 204;
  readonly #server: HttpServer;

  static async open(): Promise<Webhook> {
    const hook: { current?: Webhook } = {};
    const server = createHttp(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { 'limmat-signature': signature = '', 'content-type': type = '' } = request.headers;
      hook.current?.got.push({ body: Buffer.concat(chunks), signature: String(signature), type });
      response.writeHead(hook.current?.status ?? 500, { connection: 'close' }).end();
    });
    await listening(server);
    hook.current = new Webhook(server);
    return hook.current;
  }

  private constructor(server: HttpServer) {
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}/alerts?to=me`;
  }
}

/** What a mailbox got: the envelope, and the lines of the message as they were sent. */
export type Mail = { readonly from: string; readonly to: readonly string[]; readonly text: string };

/** SMTP, RFC 5321, as far as anyone needs it to be told something. `refuse` answers 550 to who sends. */
export class Mailbox {
  readonly got: Mail[] = [];
  refuse = false;
  readonly #server: Server;

  static async open(): Promise<Mailbox> {
    const box: { current?: Mailbox } = {};
    const server = createServer((socket) => box.current?.talk(socket));
    await listening(server);
    box.current = new Mailbox(server);
    return box.current;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    return `smtp://127.0.0.1:${portOf(this.#server)}`;
  }

  talk(socket: Socket): void {
    let [waiting, from, to]: [string, string, string[]] = ['', '', []];
    let data: string[] | undefined;
    const say = (line: string) => socket.write(`${line}\r\n`);
    const take = (line: string) => {
      if (data && line === '.') {
        this.got.push({ from, to, text: data.join('\n') });
        [data, to] = [undefined, []];
        say('250 taken');
      } else if (data) data.push(line.replace(/^\./, ''));
      else if (/^EHLO/i.test(line)) say('250 mail.example');
      else if (/^MAIL FROM:/i.test(line)) {
        from = address(line);
        say(this.refuse ? '550 not you' : '250 ok');
      } else if (/^RCPT TO:/i.test(line)) {
        to.push(address(line));
        say('250 ok');
      } else if (/^DATA/i.test(line)) {
        data = [];
        say('354 go on');
      } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else say('502 no');
    };
    socket.on('data', (chunk: Buffer) => {
      const lines = (waiting + chunk.toString('latin1')).split('\r\n');
      waiting = lines.pop() as string;
      lines.forEach(take);
    });
    socket.on('error', () => {});
    say('220 mail.example');
  }
}

const address = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';

function listening(server: Server): Promise<void> {
  server.unref();
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
