"use strict";
// Draws the rows of a table as points, with the curves that were fitted to them, or as the tiles of a
// unit cell that repeats: hover or tap, arrow keys, zoom. Without it the page has its pictures and tables; it reads numbers from attributes and
// writes text, never markup.
(() => {
  const PALETTE = document.documentElement.dataset.palette.split(" ");
  const NEAR = 30, CLOSE = 14, APART = 9, LEFT = 66, RIGHT = 12, TOP = 10, BOTTOM = 44, LABEL = 8; // pixels
  const DASHES = ["", "6 3", "2 3", "8 3 2 3"];

  const svg = (name, attributes, parent, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    if (parent) parent.append(made);
    return made;
  };
  const html = (name, parent, text = "", kind = "") => {
    const made = document.createElement(name);
    made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  };
  const button = (parent, text, act) => {
    const made = html("button", parent, text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  };
  const number = (text) => (text === undefined || text === "" ? NaN : Number(text));
  const written = (value) => {
    const small = value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e6);
    return small ? value.toExponential(2).replace(/\.?0*e/, "e") : String(Number(value.toPrecision(4)));
  };
  const ranged = (value, low, high) => { // as many decimals as give the interval's width two digits
    if (!Number.isFinite(value)) return "not known";
    if (!Number.isFinite(low)) return written(value);
    const places = Math.max(0, 1 - Math.floor(Math.log10(high - low)));
    const form = places > 4 ? written : (end) => end.toFixed(places);
    return `${form(value)} (${form(low)} to ${form(high)})`;
  };

  const symbol = (n, x, y) => {
    const shapes = [
      [[-5, 0], "circle"], [[-4.5, -4.5, 4.5, -4.5, 4.5, 4.5, -4.5, 4.5]],
      [[0, -6, 5.5, 4.5, -5.5, 4.5]], [[0, -6, 6, 0, 0, 6, -6, 0]], [[0, 6, 5.5, -4.5, -5.5, -4.5]],
    ];
    const [corners, round] = shapes[n % shapes.length];
    if (round) return ["circle", { cx: x, cy: y, r: 5 }];
    const points = corners.map((c, i) => c + (i % 2 ? y : x)).join(" ");
    return ["polygon", { points }];
  };

  const ticks = (low, high, most, logarithmic) => {
    if (logarithmic) {
      const decades = [];
      for (let n = Math.ceil(low - 1e-9); n <= high + 1e-9; n++) decades.push(n);
      if (decades.length > 1) return decades;
    }
    const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((n) => n * power >= rough) * power, found = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9 * step; n++) found.push(n * step);
    return found;
  };

  const widened = (low, high, by) => {
    const room = (high - low || Math.abs(high) || 1) * by;
    return [low - room, high + room];
  };

  const chart = (figure) => {
    const points = [...figure.querySelectorAll("tr[data-x]")].map((row) => ({
      row, x: number(row.dataset.x), y: number(row.dataset.y), low: number(row.dataset.low),
      high: number(row.dataset.high), curve: row.dataset.curve || "", panel: row.dataset.panel || "",
      up: number(row.dataset.up), words: row.dataset.words,
    })).filter((point) => Number.isFinite(point.x));
    const numbers = (text) => text.split(" ").map(Number);
    const fits = new Map([...figure.querySelectorAll("data.fit")].map(({ dataset: { curve, words, x, y, low, high } }) => [
      curve, { words, x: numbers(x), y: numbers(y), low: numbers(low), high: numbers(high) },
    ]));
    const curves = [...new Set(points.map((point) => point.curve))];
    const panels = [...new Set(points.map((point) => point.panel))];
    const stems = "stems" in figure.dataset;
    const map = "cell" in figure.dataset ? {
      cell: numbers(figure.dataset.cell), side: number(figure.dataset.side), radius: number(figure.dataset.radius),
      most: number(figure.dataset.most), colours: figure.dataset.colours.split(" "),
      sites: [...figure.querySelectorAll("data.site")].map(({ dataset: { words, x, y } }) => ({ words, x: number(x), y: number(y) })),
    } : null;
    const hidden = new Set();
    const state = { logarithmic: false, view: null, hot: null, panel: panels[0] };
    const box = document.createElement("div");
    box.className = "chart";
    figure.querySelector(".both").prepend(box);
    const told = html("p", box, "", "told");
    told.setAttribute("role", "status");
    const area = svg("svg", { tabindex: 0, role: "application" }, box);
    area.setAttribute("aria-label", `${figure.dataset.title} Arrow keys go from point to point, plus and minus zoom, 0 shows all.`);
    const tools = html("div", box), scaled = (y) => (state.logarithmic ? Math.log10(y) : y);
    const shown = () => points.filter((point) => !hidden.has(point.curve) && point.panel === state.panel);

    const corner = (a, b) => [a * map.cell[0] + b * map.cell[2], a * map.cell[1] + b * map.cell[3]];
    const whole = () => {
      if (map) {
        const [xs, ys] = [0, 1].map((n) => [[0, 0], [1, 0], [0, 1], [1, 1]].map((at) => corner(...at)[n]));
        const room = 0.7 * map.radius; // a third of the distance of two atoms, as in the picture
        return [Math.min(...xs) - room, Math.max(...xs) + room, Math.min(...ys) - room, Math.max(...ys) + room];
      }
      const mine = shown(), ends = mine.flatMap((point) => [point.y, point.low, point.high]);
      const known = ends.concat(stems ? [0] : []).map(scaled).filter(Number.isFinite), xs = mine.map((point) => point.x);
      if (!known.length) return [0, 1, 0, 1];
      return [...widened(Math.min(...xs), Math.max(...xs), 0.06), ...widened(Math.min(...known), Math.max(...known), 0.06)];
    };
    const even = ([x0, x1, y0, y1], width, height) => { // an Å is as long along x as along y
      const [wide, high] = [width - LEFT - RIGHT, height - TOP - BOTTOM];
      const step = Math.max((x1 - x0) / wide, (y1 - y0) / high) / 2, [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
      return [x - step * wide, x + step * wide, y - step * high, y + step * high];
    };
    const frame = () => {
      const { clientWidth: width, clientHeight: height } = area, view = state.view || whole();
      return { width, height, view: map ? even(view, width, height) : view };
    };
    const inverse = (x, y, { width, height, view: [x0, x1, y0, y1] }) => [
      x0 + ((x - LEFT) / (width - LEFT - RIGHT)) * (x1 - x0), y0 + ((height - BOTTOM - y) / (height - TOP - BOTTOM)) * (y1 - y0),
    ];
    const place = (point, { width, height, view: [x0, x1, y0, y1] }) => {
      const along = (x) => LEFT + ((x - x0) / (x1 - x0)) * (width - LEFT - RIGHT);
      const up = (y) => {
        const at = scaled(y);
        const kept = at === -Infinity ? y0 : at;
        return height - BOTTOM - ((kept - y0) / (y1 - y0)) * (height - TOP - BOTTOM);
      };
      return { x: along(point.x), y: up(point.y), low: up(point.low), high: up(point.high) };
    };

    const say = (point) => {
      const value = ranged(point.y, point.low, point.high);
      if (map) told.textContent = `${figure.dataset.value} ${value} around x ${written(point.x)} Å, y ${written(point.up)} Å; ${point.words}`;
      else told.textContent = `${point.curve ? `${point.curve}: ` : ""}${figure.dataset.y} ${value} at ${figure.dataset.x} ${written(point.x)}`;
    };
    const follow = (x, y) => {
      const at = frame();
      for (const [curve, fit] of fits) {
        if (hidden.has(curve)) continue;
        const along = fit.x.map((_, n) => place({ x: fit.x[n], y: fit.y[n], low: fit.low[n], high: fit.high[n] }, at));
        const n = along.reduce((best, to, i) => (Math.abs(to.x - x) < Math.abs(along[best].x - x) ? i : best), 0);
        if (Math.hypot(along[n].x - x, along[n].y - y) > CLOSE) continue;
        const value = ranged(fit.y[n], fit.low[n], fit.high[n]);
        told.textContent = `${curve ? `${curve}: ` : ""}fit ${value} at ${figure.dataset.x} ${written(fit.x[n])}; ${fit.words}`;
        return;
      }
      told.textContent = "";
    };
    const point = (x, y) => {
      const hit = nearest(x, y);
      heat(hit);
      if (!hit) follow(x, y);
    };
    const heat = (point) => {
      if (state.hot === point) return;
      for (const other of points) {
        other.row.classList.toggle("hot", other === point);
        if (other.drawn) other.drawn.classList.toggle("hot", other === point);
      }
      state.hot = point;
      if (map && point && point.drawn) point.drawn.parentNode.append(point.drawn); // its outline over its neighbours
      if (point) say(point);
      else told.textContent = "";
    };

    const axes = (place_, group) => {
      const { width, height, view: [x0, x1, y0, y1] } = place_;
      const bottom = height - BOTTOM;
      for (const x of ticks(x0, x1, Math.max(3, width / 90))) {
        const at = LEFT + ((x - x0) / (x1 - x0)) * (width - LEFT - RIGHT);
        svg("line", { x1: at, x2: at, y1: TOP, y2: bottom, class: "grid" }, group);
        svg("text", { x: at, y: bottom + 16, "text-anchor": "middle" }, group, written(x));
      }
      for (const y of ticks(y0, y1, 6, state.logarithmic)) {
        const at = bottom - ((y - y0) / (y1 - y0)) * (bottom - TOP);
        svg("line", { x1: LEFT, x2: width - RIGHT, y1: at, y2: at, class: "grid" }, group);
        svg("text", { x: LEFT - 6, y: at + 4, "text-anchor": "end" }, group, written(state.logarithmic ? 10 ** y : y));
      }
      svg("rect", { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: bottom - TOP, class: "frame" }, group);
      svg("text", { x: (LEFT + width - RIGHT) / 2, y: height - LABEL, "text-anchor": "middle" }, group, figure.dataset.x);
      const middle = (TOP + bottom) / 2;
      svg("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, group, figure.dataset.y);
    };

    const shade = (share) => (share >= 0 ? map.colours[Math.round((share / map.most) * (map.colours.length - 1))] : "none");
    const surface = (at, layer) => {
      const pixels = (x, y) => place({ x, y, low: y, high: y }, at);
      const outline = (corners) => corners.map(([x, y]) => pixels(x, y)).map(({ x, y }) => `${x},${y}`).join(" ");
      const [x0, x1, y0, y1] = at.view, around = [-3, -2, -1, 0, 1, 2, 3], half = 0.5 / map.side;
      const images = around.flatMap((i) => around.map((j) => [i, j])).filter(([i, j]) => {
        const [xs, ys] = [0, 1].map((n) => [[i, j], [i + 1, j], [i, j + 1], [i + 1, j + 1]].map((to) => corner(...to)[n]));
        return Math.max(...xs) > x0 && Math.min(...xs) < x1 && Math.max(...ys) > y0 && Math.min(...ys) < y1;
      });
      const tiles = svg("g", {}, layer);
      for (const point of points) {
        point.drawn = svg("g", { class: point === state.hot ? "hot" : "" }, tiles);
        for (const [i, j] of images) {
          const corners = [[-half, -half], [half, -half], [half, half], [-half, half]].map(([a, b]) => {
            const [x, y] = corner(i + a, j + b);
            return [point.x + x, point.up + y];
          });
          svg("polygon", { points: outline(corners), class: "tile", fill: shade(point.y) }, point.drawn);
        }
      }
      const { x: left } = pixels(0, 0), r = pixels(map.radius, 0).x - left;
      for (const [i, j] of images) {
        const { x: cx, y: cy } = pixels(...corner(i, j));
        svg("circle", { cx, cy, r, class: "atom" }, layer);
        for (const site of map.sites) {
          const [x, y] = corner(i, j), to = pixels(site.x + x, site.y + y);
          svg("text", { x: to.x, y: to.y + 4, "text-anchor": "middle", class: "site" }, layer, site.words);
        }
      }
      svg("polygon", { points: outline([corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1)]), class: "cell" }, layer);
    };

    const draw = () => {
      area.replaceChildren();
      const { width } = frame();
      if (!width) return;
      area.setAttribute("height", Math.round(Math.min(380, Math.max(240, width * 0.62))));
      const at = frame(), clip = `clip${[...document.querySelectorAll("figure")].indexOf(figure)}`;
      const inside = svg("clipPath", { id: clip }, svg("defs", {}, area));
      svg("rect", { x: LEFT, y: TOP, width: width - LEFT - RIGHT, height: at.height - TOP - BOTTOM }, inside);
      axes(at, svg("g", {}, area));
      const layer = svg("g", { "clip-path": `url(#${clip})` }, area);
      if (map) return surface(at, layer);
      for (const [n, curve] of curves.entries()) {
        if (hidden.has(curve)) continue;
        const mine = shown().filter((point) => point.curve === curve), colour = PALETTE[n % PALETTE.length];
        const through = { class: "line", stroke: colour, "stroke-dasharray": DASHES[n % DASHES.length] };
        const corners = (places, name) => places.map((to) => `${to.x},${to[name]}`).join(" ");
        const fit = fits.get(curve);
        if (fit) {
          const along = fit.x.map((x, i) => place({ x, y: fit.y[i], low: fit.low[i], high: fit.high[i] }, at));
          const band = `${corners(along, "low")} ${corners([...along].reverse(), "high")}`;
          svg("polygon", { points: band, class: "band", fill: colour }, layer);
          svg("polyline", { ...through, class: "line fitted", points: corners(along, "y") }, layer);
        } else if (!fits.size && !stems) {
          const line = mine.filter((point) => Number.isFinite(scaled(point.y))).sort((a, b) => a.x - b.x);
          svg("polyline", { ...through, points: corners(line.map((point) => place(point, at)), "y") }, layer);
        }
        for (const point of mine) {
          const to = place(point, at);
          point.drawn = svg("g", {}, layer);
          if (stems) {
            to.x += (n - (curves.length - 1) / 2) * APART;
            const base = place({ x: point.x, y: 0, low: 0, high: 0 }, at).y;
            svg("path", { d: `M${to.x},${base}V${to.y}`, class: "stem", stroke: colour }, point.drawn);
          }
          if (Number.isFinite(to.low) && Number.isFinite(to.high)) {
            const d = `M${to.x},${to.low}V${to.high}M${to.x - 4},${to.low}h8M${to.x - 4},${to.high}h8`;
            svg("path", { d, class: "bar", stroke: colour }, point.drawn);
          }
          if (Number.isFinite(scaled(point.y))) {
            const [name, attributes] = symbol(n, to.x, to.y);
            svg(name, { ...attributes, class: "mark", fill: colour }, point.drawn);
          }
          point.drawn.classList.toggle("hot", point === state.hot);
        }
      }
    };

    const tile = (x, y) => { // that a place lies in, or an image of the place
      const at = frame(), [ax, ay, bx, by] = map.cell, area_ = ax * by - ay * bx, [h, v] = inverse(x, y, at);
      if (x < LEFT || x > at.width - RIGHT || y < TOP || y > at.height - BOTTOM) return null;
      const number_ = (fraction) => Math.floor((fraction - Math.floor(fraction)) * map.side) % map.side;
      return points[number_((h * by - v * bx) / area_) * map.side + number_((v * ax - h * ay) / area_)];
    };
    const nearest = (x, y) => {
      if (map) return tile(x, y);
      let best = null, least = NEAR;
      for (const point of shown()) {
        const to = place(point, frame());
        if (stems) to.x += (curves.indexOf(point.curve) - (curves.length - 1) / 2) * APART;
        const away = Math.hypot(to.x - x, (Number.isFinite(to.y) ? to.y : (to.low + to.high) / 2) - y);
        if (away < least) [best, least] = [point, away];
      }
      return best;
    };
    const zoom = (factor) => {
      const [x0, x1, y0, y1] = frame().view;
      const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
      state.view = [x - (x1 - x0) * factor / 2, x + (x1 - x0) * factor / 2, y - (y1 - y0) * factor / 2, y + (y1 - y0) * factor / 2];
      draw();
    };
    const all = () => { state.view = null; draw(); };

    const show = (panel) => {
      if (panel === state.panel) return;
      state.panel = choice.value = panel;
      all();
    };
    let choice = null;
    if (panels.length > 1) {
      choice = html("select", tools);
      choice.setAttribute("aria-label", "Points at");
      for (const panel of panels) html("option", choice, panel).value = panel;
      choice.addEventListener("change", () => { heat(null); show(choice.value); });
    }

    let from = null, band = null;
    const inArea = (event) => {
      const { left, top } = area.getBoundingClientRect();
      return [event.clientX - left, event.clientY - top];
    };
    area.addEventListener("pointerdown", (event) => { from = inArea(event); point(...from); });
    area.addEventListener("pointermove", (event) => {
      const [x, y] = inArea(event);
      if (from && event.buttons) {
        band = band || svg("rect", { class: "box" }, area);
        const sides = { x: Math.min(x, from[0]), y: Math.min(y, from[1]), width: Math.abs(x - from[0]), height: Math.abs(y - from[1]) };
        for (const [key, value] of Object.entries(sides)) band.setAttribute(key, value);
      } else point(x, y);
    });
    area.addEventListener("pointerup", (event) => {
      const [x, y] = inArea(event), at = frame();
      if (from && band && Math.abs(x - from[0]) > 8 && Math.abs(y - from[1]) > 8) {
        const [h, v] = inverse(x, y, at), [h0, v0] = inverse(...from, at);
        state.view = [...[h, h0].sort((a, b) => a - b), ...[v, v0].sort((a, b) => a - b)];
      }
      if (band) draw();
      from = band = null;
    });
    area.addEventListener("pointercancel", () => { from = band = null; draw(); });
    area.addEventListener("pointerleave", () => { if (!from) { heat(null); told.textContent = ""; } });
    area.addEventListener("dblclick", all);
    area.addEventListener("blur", () => heat(null));
    area.addEventListener("keydown", (event) => {
      const mine = shown(), now = mine.indexOf(state.hot);
      const act = {
        ArrowRight: () => heat(mine[(now + 1) % mine.length]), ArrowLeft: () => heat(mine[(now < 1 ? mine.length : now) - 1]),
        Home: () => heat(mine[0]), End: () => heat(mine[mine.length - 1]), Escape: () => heat(null),
        "+": () => zoom(0.7), "-": () => zoom(1 / 0.7), 0: all,
      }[event.key];
      if (!act || !mine.length) return;
      event.preventDefault();
      act();
    });
    for (const point of points) {
      point.row.addEventListener("pointerenter", () => { show(point.panel); heat(point); });
      point.row.addEventListener("pointerleave", () => heat(null));
    }

    if (curves.length > 1) for (const [n, curve] of curves.entries()) {
      const one = button(tools, curve || figure.dataset.y, () => {
        if (!hidden.delete(curve)) hidden.add(curve);
        one.setAttribute("aria-pressed", String(!hidden.has(curve)));
        draw();
      });
      one.setAttribute("aria-pressed", "true");
      const key = svg("svg", { width: 14, height: 14, "aria-hidden": true });
      const [name, attributes] = symbol(n, 7, 7);
      svg(name, { ...attributes, class: "mark", fill: PALETTE[n % PALETTE.length] }, key);
      one.prepend(key);
    }
    if (map) {
      const scale = html("p", tools, "", "scale"), key = svg("svg", { width: 6 * map.colours.length, height: 12, "aria-hidden": true });
      for (const [n, fill] of map.colours.entries()) svg("rect", { x: 6 * n, width: 6, height: 12, fill }, key);
      scale.append(`${figure.dataset.value}: 0 `, key, ` ${written(map.most)}`);
    }
    const controls = html("div", box);
    button(controls, "Zoom in", () => zoom(0.7));
    button(controls, "Zoom out", () => zoom(1 / 0.7));
    button(controls, "Show all", all);
    if (!map && points.some((point) => point.y > 0)) {
      const log = button(controls, "Logarithmic", () => {
        state.logarithmic = !state.logarithmic;
        log.setAttribute("aria-pressed", String(state.logarithmic));
        all();
      });
      log.setAttribute("aria-pressed", "false");
    }
    let drawnAt = 0; // a drawing changes the height, which must not ask for another
    new ResizeObserver(() => {
      if (area.clientWidth !== drawnAt) {
        drawnAt = area.clientWidth;
        draw();
      }
    }).observe(box);
  };

  document.documentElement.classList.add("scripted");
  for (const figure of document.querySelectorAll("figure[data-chart]")) chart(figure);
})();
