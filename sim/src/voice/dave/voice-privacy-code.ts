const groupDigits = 5;
const groups = 6;

/**
 * The 30 digits that everybody in a call can compare: each five bytes of the epoch authenticator, as a number, give the
 * last five of its digits (DAVE whitepaper, "Displayable codes").
 */
export function voicePrivacyCodeOf(epochAuthenticator: Buffer): string {
  return Array.from({ length: groups }, (_, index) =>
    (epochAuthenticator.readUIntBE(index * groupDigits, groupDigits) % 10 ** groupDigits)
      .toString()
      .padStart(groupDigits, '0'),
  ).join('');
}
