/** The Opus packets of an Ogg Opus file (RFC 3533, RFC 7845): an independent reader, so that the writer is checked by another. */
export function readOggOpus(file: Buffer): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let pending: Buffer[] = [];
  let offset = 0;
  let ended = false;
  while (offset < file.length) {
    if (file.toString('latin1', offset, offset + 4) !== 'OggS') throw new RangeError(`no Ogg page at byte ${offset}`);
    ended = ((file[offset + 5] ?? 0) & 4) !== 0;
    const count = file[offset + 26] ?? 0;
    let position = offset + 27 + count;
    for (const size of file.subarray(offset + 27, offset + 27 + count)) {
      pending.push(file.subarray(position, position + size));
      position += size;
      if (size < 255) {
        packets.push(Buffer.concat(pending));
        pending = [];
      }
    }
    offset = position;
  }
  if (!ended) throw new RangeError('the stream has no end page');
  if (Buffer.from(packets[0] ?? []).toString('latin1', 0, 8) !== 'OpusHead') throw new RangeError('no OpusHead');
  return packets.slice(2);
}
