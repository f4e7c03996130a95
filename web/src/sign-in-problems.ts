/** Why the way back from Discord ended without a sign-in, as the Worker names it in the fragment. */
const sentences = {
  not_set_up: 'Sign-in with Discord is not set up here.',
  state_wrong: 'This sign-in was begun in another window, or too long ago. Begin again.',
  access_denied: 'You have cancelled at Discord. Nothing was shared.',
  code_refused: 'Discord did not accept the sign-in. Begin again.',
  discord_unavailable: 'Discord does not answer now. Try again in a moment.',
} as const;
export type SignInProblem = keyof typeof sentences;

/** What the person reads; anybody can write an address, so an unknown problem has no words of its own. */
export const sentenceOf = (problem: SignInProblem): string =>
  Object.hasOwn(sentences, problem) ? sentences[problem] : 'The sign-in failed. Begin again.';
