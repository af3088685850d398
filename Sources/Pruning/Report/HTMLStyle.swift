/// How an HTML report looks: light or dark as the reader has it, plain on paper.
let htmlStyle = """
    :root { color-scheme: light dark; --ink: #1b2127; --soft: #5c6771; --line: #dce1e6;
      --paper: #fff; --panel: #f4f6f8; --keep: #2e7d51; --hold: #a86a12; --gone: #b5362c; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #98a3ae;
      --line: #323a43; --paper: #14181c; --panel: #1d2329; --keep: #58b582; --hold: #dba54a;
      --gone: #ee7d72; } }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--paper); color: var(--ink);
      font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
    main { max-width: 64rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
    main + main { border-top: 4px solid var(--line); }
    h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; overflow-wrap: anywhere; }
    h2 { margin: 2.5rem 0 .75rem; padding-bottom: .3rem; font-size: 1.2rem;
      border-bottom: 1px solid var(--line); }
    h3 { margin: 1.5rem 0 .4rem; font-size: .95rem; font-weight: 600; }
    h3 small, .soft { color: var(--soft); font-weight: 400; }
    p { margin: .4rem 0; }
    code { font: .875em/1.4 ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace;
      overflow-wrap: anywhere; unicode-bidi: isolate; }
    .verdict { font-size: 1.1rem; }
    .tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 .75rem; }
    .tile { flex: 1 1 8rem; padding: .6rem .9rem; background: var(--panel); border-radius: 6px;
      border-top: 3px solid var(--line); }
    .tile b { display: block; font-size: 1.5rem; line-height: 1.3;
      font-variant-numeric: tabular-nums; }
    .tile span { color: var(--soft); }
    .keep { border-color: var(--keep); } .hold { border-color: var(--hold); }
    .gone { border-color: var(--gone); }
    .bar { display: flex; height: .6rem; overflow: hidden; background: var(--line);
      border-radius: 3px; }
    .bar i { display: block; } .bar .keep { background: var(--keep); }
    .bar .hold { background: var(--hold); } .bar .gone { background: var(--gone); }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem;
      margin: 1.25rem 0 0; font-size: .875rem; }
    dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
    .problem { margin: .75rem 0; padding: .6rem .9rem; background: var(--panel);
      border-left: 3px solid var(--hold); border-radius: 0 6px 6px 0; }
    .problem b { color: var(--hold); }
    .do::before { content: "→ "; color: var(--soft); }
    table { width: 100%; border-collapse: collapse; font-size: .875rem; }
    th { text-align: left; color: var(--soft); font-weight: 500; white-space: nowrap; }
    th, td { padding: .25rem .75rem .25rem 0; vertical-align: top;
      border-bottom: 1px solid var(--line); }
    .n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
    th:last-child, td:last-child { padding-right: 0; }
    time { white-space: nowrap; font-variant-numeric: tabular-nums; }
    .span { white-space: nowrap; }
    .why { display: inline-block; margin: .05rem .3rem .05rem 0; padding: 0 .4rem;
      background: var(--panel); border-radius: 4px; }
    .wide { overflow-x: auto; }
    @media print { :root { --ink: #000; --soft: #444; --line: #bbb; --paper: #fff; --panel: #fff;
        --keep: #2e7d51; --hold: #a86a12; --gone: #b5362c; }
      @page { margin: 15mm; }
      body { font-size: 10pt; } table { font-size: 8.5pt; } main { max-width: none; padding: 0; }
      main + main { break-before: page; border: 0; }
      .bar, .tile, .problem { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      .tile, .problem { border: 1px solid var(--line); } .wide { overflow: visible; }
      .why { display: inline; margin: 0; padding: 0; }
      .why + .why::before { content: "· "; }
      h2, h3, thead { break-after: avoid; } tr, .problem, .tile { break-inside: avoid; } }
    """
