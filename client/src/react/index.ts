'use client';

export type { CaptionLine } from '../captions.ts';
export { type DropoutTexts, englishTexts, italianTexts } from './texts.ts';
export { useCaptions } from './use-captions.ts';
export { type ClientHookOptions, useVoiceEventsClient, useVoiceView } from './use-client.ts';
export { useSession } from './use-session.ts';
export {
  useVoiceChannelEvents,
  type VoiceChannelEvents,
  type VoiceChannelEventsOptions,
} from './use-voice-channel-events.ts';
export { VoiceDropoutModal, type VoiceDropoutModalProps } from './voice-dropout-modal.tsx';
