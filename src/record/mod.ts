/**
 * What the outside world answered, written down, and answered again from that: for bug reports, for places without a
 * network, for asking the same question with other trust.
 *
 * ```ts
 * const recorder = createRecorder(ports);
 * await verify(recorder.ports);
 * const bytes = encodeRecording(recorder.recording());
 * await verify({ ...ports, ...openReplay(decodeRecording(bytes), ports) });
 * ```
 */
export {
  decodeRecording,
  encodeRecording,
  MAX_RECORDED_ANSWERS,
  MAX_RECORDING_BYTES,
  type RecordedAnswer,
  type RecordedHead,
  type Recording,
  RECORDING_TYPE,
} from "./recording.ts";
export type { RecordedFailure } from "./failure.ts";
export { createRecorder, MAX_RECORDED_BODY_BYTES, type RecordablePorts, type Recorder } from "./recorder.ts";
export { openReplay } from "./replay.ts";
