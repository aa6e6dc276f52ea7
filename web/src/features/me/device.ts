/** A browser's long name of itself, as its owner would say it: "Firefox · Android". */
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'], [/\b(?:OPR|Opera)\//, 'Opera'], [/SamsungBrowser\//, 'Samsung Internet'], [/\b(?:FxiOS|Firefox)\//, 'Firefox'],
  [/\b(?:CriOS|(?:Headless)?Chrome)\//, 'Chrome'], [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Macintosh|Mac OS/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux'],
];

export function deviceName(agent: string): string {
  const names = [BROWSERS, SYSTEMS].map((list) => list.find(([sign]) => sign.test(agent))?.[1]);
  return names.filter(Boolean).join(' · ') || agent.slice(0, 60);
}
