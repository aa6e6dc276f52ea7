import { describe, expect, it } from 'vitest';
import { download, upload, type Row, type Upload } from '~/media/numbers';
import type { Source } from '~/net/shapes';
import { grade, ofSource, ofUpload } from './advice';

const calm: Upload = { kbps: 1_500, loss: 0, rttMs: 40, route: 'direct', picture: null, held: null, bears: 3_000 };
const obs: Source = { publisher: 'p', person_id: null, kind: 'obs', kbps: 2_000, loss: 0, keyframe_s: 2, silent_s: 0 };

describe('advice', () => {
  it('says nothing where all is well', () => {
    expect([ofUpload(calm), ofSource(obs)]).toEqual([[], []]);
    expect(grade([])).toBe('good');
  });
  it('tells a weak line from a busy device', () => {
    expect(ofUpload({ ...calm, held: 'network', bears: 400 })).toEqual([{ key: 'weak', mbps: 0.4 }]);
    expect(ofUpload({ ...calm, held: 'network', bears: null })).toEqual([{ key: 'weak.unknown' }]);
    expect(ofUpload({ ...calm, held: 'device', rttMs: 900, loss: 0.2 }).map(({ key }) => key)).toEqual(['loss', 'device', 'late']);
  });
  it('takes a browser that is only beginning for no weak line', () => {
    expect(ofUpload({ ...calm, held: 'network', bears: 2_400 })).toEqual([]);
  });
  it('asks for more keyframes of a program, never of a browser, which sends them when asked', () => {
    expect(ofSource({ ...obs, keyframe_s: 10.04 })).toEqual([{ key: 'keyframes', seconds: 10 }]);
    expect(ofSource({ ...obs, kind: 'camera', keyframe_s: 600 })).toEqual([]);
  });
  it('takes what sends nothing for the gravest', () => {
    const found = ofSource({ ...obs, silent_s: 9, loss: 0.5 });
    expect([found, grade(found)]).toEqual([[{ key: 'silent' }], 'bad']);
  });
});

const COMMON: Row[] = [
  { id: 'T', type: 'transport', timestamp: 0, selectedCandidatePairId: 'P' },
  { id: 'P', type: 'candidate-pair', timestamp: 0, localCandidateId: 'L', currentRoundTripTime: 0.05, availableOutgoingBitrate: 900_000 },
  { id: 'Q', type: 'candidate-pair', timestamp: 0, localCandidateId: 'X', currentRoundTripTime: 9 },
  { id: 'L', type: 'local-candidate', timestamp: 0, candidateType: 'relay', relayProtocol: 'tls' },
];
const map = (rows: Row[]): Map<string, Row> => new Map(rows.map((row) => [row.id, row]));

describe('numbers of a connection', () => {
  it('compares two looks at what comes', () => {
    const at = (second: number): Row[] => [
      ...COMMON,
      { id: 'v', type: 'inbound-rtp', kind: 'video', timestamp: second * 1000, bytesReceived: second * 125_000, packetsReceived: second * 95, packetsLost: second * 5, frameWidth: 960, frameHeight: 540, framesPerSecond: 30, jitterBufferDelay: second * 3, jitterBufferEmittedCount: second * 30 },
      { id: 'w', type: 'inbound-rtp', kind: 'video', timestamp: second * 1000, bytesReceived: 0, packetsReceived: 0, packetsLost: 0, frameWidth: 1920, frameHeight: 1080, framesPerSecond: 0 },
    ];
    expect(download(at(4), map(at(2)))).toEqual({
      kbps: 1_000, loss: 0.05, rttMs: 50, route: 'tls', picture: { width: 960, height: 540, fps: 30 }, delayMs: 125,
    });
  });
  it('finds out what holds the picture small on its way out', () => {
    const at = (second: number): Row[] => [
      ...COMMON,
      { id: 'h', type: 'outbound-rtp', kind: 'video', timestamp: second * 1000, bytesSent: second * 50_000, packetsSent: second * 100, frameWidth: 480, frameHeight: 270, framesPerSecond: 15, qualityLimitationReason: 'bandwidth' },
      { id: 'r', type: 'remote-inbound-rtp', kind: 'video', timestamp: second * 1000, packetsLost: second * 8, roundTripTime: 0.2 },
    ];
    expect(upload(at(2), map(at(1)))).toEqual({
      kbps: 400, loss: 0.08, rttMs: 50, route: 'tls', picture: { width: 480, height: 270, fps: 15 }, held: 'network', bears: 900,
    });
  });
});
