export {
  type ConnectionState,
  type VoiceEvent,
  VoiceEventsClient,
  VoiceEventsError,
  type VoiceEventsOptions,
} from './voice-events-client.ts';
