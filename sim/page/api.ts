import type { Input, Operation, Output } from '../src/control/contract.ts';

/** What the simulator refused; `message` is a sentence for the reader. */
export class RefusedError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'RefusedError';
    this.code = code;
  }
}

/** A control operation (see `sim/src/control/contract.ts`). */
export async function call<Name extends Operation>(name: Name, input: Input<Name>): Promise<Output<Name>> {
  return (await callNamed(name, input)) as Output<Name>;
}

/** The same for an operation that this version of the contract may not have. */
export async function callNamed(name: string, input: unknown): Promise<unknown> {
  const response = await fetch(`/page/control/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { code, message } = answer as { code: string; message: string };
  throw new RefusedError(code, message);
}
