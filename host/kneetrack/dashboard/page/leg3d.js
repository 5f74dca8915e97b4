// The legs, drawn: two bones each, from the quaternions of shank and thigh (x forward, y left,
// z up), the foot where it stands. A canvas and painter's algorithm: some two hundred polygons.

const THIGH = 0.42;
const SHANK = 0.41;
const HIP = 0.11; // from the middle
const FACES = 20;
const RINGS = [0, 0.12, 0.3, 0.5, 0.7, 0.88, 1];
const THIGH_GIRTH = [0.062, 0.075, 0.078, 0.07, 0.06, 0.052, 0.052];
const SHANK_GIRTH = [0.05, 0.054, 0.057, 0.05, 0.04, 0.033, 0.032];
const SMOOTH = 0.45;

const turned = ([w, x, y, z], [a, b, c]) => {
  const p = y * c - z * b;
  const q = z * a - x * c;
  const r = x * b - y * a;
  return [
    a + 2 * (w * p + y * r - z * q),
    b + 2 * (w * q + z * p - x * r),
    c + 2 * (w * r + x * q - y * p),
  ];
};
const plus = (one, other, scale = 1) => one.map((each, at) => each + scale * other[at]);

/** From one quaternion towards the other, the short way. */
function towards(one, other, part) {
  const sign = one.reduce((sum, each, at) => sum + each * other[at], 0) < 0 ? -1 : 1;
  const mixed = one.map((each, at) => each + part * (sign * other[at] - each));
  const size = Math.hypot(...mixed);
  return mixed.map((each) => each / size);
}

/** Quads round a bone from `top`, along -y of its segment. */
function limb(q, top, length, girth) {
  const rings = RINGS.map((part, ring) =>
    Array.from({ length: FACES }, (_, face) => {
      const angle = (2 * Math.PI * face) / FACES;
      const local = [girth[ring] * Math.cos(angle), -part * length, girth[ring] * Math.sin(angle)];
      return plus(top, turned(q, local));
    }),
  );
  const quads = [];
  for (let ring = 0; ring + 1 < rings.length; ring++) {
    for (let face = 0; face < FACES; face++) {
      const next = (face + 1) % FACES;
      quads.push([rings[ring][face], rings[ring][next], rings[ring + 1][next], rings[ring + 1][face]]);
    }
  }
  return quads;
}

function foot(ankle, q) {
  const ahead = turned(q, [1, 0, 0]);
  const turn = Math.atan2(ahead[1], ahead[0]);
  const at = (x, y, z) => [
    ankle[0] + x * Math.cos(turn) - y * Math.sin(turn),
    ankle[1] + x * Math.sin(turn) + y * Math.cos(turn),
    z,
  ];
  const [heel, toe, wide] = [-0.06, 0.19, 0.04];
  const low = [at(heel, -wide, 0), at(toe, -wide, 0), at(toe, wide, 0), at(heel, wide, 0)];
  const high = [at(heel, -wide * 0.8, 0.09), at(toe, -wide, 0.025), at(toe, wide, 0.025), at(heel, wide * 0.8, 0.09)];
  const sides = [0, 1, 2, 3].map((each) => {
    const next = (each + 1) % 4;
    return [low[each], low[next], high[next], high[each]];
  });
  return [...sides, high];
}

/** As bright as it faces a lamp above the viewer's left shoulder; `isRound`: its back is dark. */
function shaded([a, b, , d], colour, isRound) {
  const [u, v] = [plus(b, a, -1), plus(d, a, -1)];
  const normal = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
  const size = Math.hypot(...normal) || 1;
  const facing = (normal[0] * 0.75 - normal[1] * 0.5 + normal[2] * 0.43) / size;
  const light = 0.4 + 0.6 * (isRound ? Math.max(0, facing) : Math.abs(facing));
  return `rgb(${colour.map((each) => Math.round(each * light)).join(",")})`;
}

/** A cap in front of the knee: which way it points is what the eye follows. */
function cap(knee, q) {
  const ahead = plus(knee, turned(q, [0.052, 0, 0]));
  const ring = Array.from({ length: 10 }, (_, at) => {
    const angle = (2 * Math.PI * at) / 10;
    return plus(ahead, turned(q, [0, 0.036 * Math.cos(angle), 0.03 * Math.sin(angle)]));
  });
  const tip = plus(knee, turned(q, [0.07, 0, 0]));
  return ring.map((each, at) => [each, ring[(at + 1) % 10], tip, tip]);
}

const COLOURS = { thigh: [86, 180, 233], shank: [213, 222, 230], knee: [240, 228, 66], foot: [120, 135, 148] };

/** The stage; `update` takes the legs, `draw` paints. */
export function stage(canvas) {
  let yaw = 0.3; // from in front, a little to the side
  let shown = [];
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = event.clientX;
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held === null) return;
    yaw -= (event.clientX - held) / 120;
    held = event.clientX;
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    held = null;
  });

  function project(point) {
    // The viewer stands ahead (+x) and looks back; his right is the person's left (+y).
    const [x, y, z] = point;
    const depth = x * Math.cos(yaw) + y * Math.sin(yaw);
    const across = -x * Math.sin(yaw) + y * Math.cos(yaw);
    const scale = Math.min(canvas.height / 1.12, canvas.width / (shown.length > 1 ? 0.85 : 0.62));
    const near = 3.2 / (3.2 - depth);
    const middle = 0.45;
    return [
      canvas.width / 2 + across * scale * near,
      canvas.height * 0.52 - (z - middle + 0.1 * depth) * scale * near,
      depth,
    ];
  }

  function polygons(leg) {
    const ankle = [0, leg.offset, 0.08];
    const knee = plus(ankle, turned(leg.shank, [0, 1, 0]), SHANK);
    const hip = plus(knee, turned(leg.thigh, [0, 1, 0]), THIGH);
    return [
      ...limb(leg.thigh, hip, THIGH, THIGH_GIRTH).map((quad) => [quad, COLOURS.thigh]),
      ...limb(leg.shank, knee, SHANK, SHANK_GIRTH).map((quad) => [quad, COLOURS.shank]),
      ...cap(knee, towards(leg.thigh, leg.shank, 0.5)).map((quad) => [quad, COLOURS.knee]),
      ...foot(ankle, leg.shank).map((quad) => [quad, COLOURS.foot]),
    ];
  }

  function floor(ctx) {
    ctx.strokeStyle = "#26313a";
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let at = -0.6; at <= 0.61; at += 0.2) {
      for (const [from, to] of [[[at, -0.6, 0], [at, 0.6, 0]], [[-0.6, at, 0], [0.6, at, 0]]]) {
        ctx.moveTo(...project(from).slice(0, 2));
        ctx.lineTo(...project(to).slice(0, 2));
      }
    }
    ctx.stroke();
  }

  function draw() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [canvas.clientWidth * ratio, canvas.clientHeight * ratio];
    if (canvas.width !== Math.round(width)) canvas.width = Math.round(width);
    if (canvas.height !== Math.round(height)) canvas.height = Math.round(height);
    const ctx = canvas.getContext("2d");
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    floor(ctx);
    const painted = shown.flatMap(polygons).map(([quad, colour]) => {
      const flat = quad.map(project);
      const depth = flat.reduce((sum, each) => sum + each[2], 0) / flat.length;
      return { flat, depth, ink: shaded(quad, colour, colour === COLOURS.thigh || colour === COLOURS.shank) };
    });
    painted.sort((one, other) => one.depth - other.depth);
    for (const { flat, ink } of painted) {
      ctx.fillStyle = ctx.strokeStyle = ink;
      ctx.beginPath();
      flat.forEach(([x, y], at) => (at ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
    ctx.fillStyle = "#a9b6c2";
    ctx.font = `${14 * ratio}px system-ui`;
    ctx.textAlign = "center";
    for (const leg of shown) {
      const [x, y] = project([0.3, leg.offset, 0]);
      ctx.fillText(leg.side === "right" ? "R" : "L", x, y + 10 * ratio);
    }
  }

  /** Nearer to where the legs are now; whether there is a way to go still. */
  function update(legs, jump) {
    let far = 0;
    shown = legs
      .map((leg, at) => ({ leg, before: shown[at] }))
      .filter(({ leg }) => leg.now && !leg.now.unaligned)
      .map(({ leg, before }) => {
        const part = jump || !before ? 1 : SMOOTH;
        const one = { side: leg.side, offset: legs.length < 2 ? 0 : leg.side === "right" ? -HIP : HIP };
        for (const bone of ["thigh", "shank"]) {
          one[bone] = before ? towards(before[bone], leg.now[bone], part) : leg.now[bone];
          const dot = one[bone].reduce((sum, each, place) => sum + each * leg.now[bone][place], 0);
          const cosine = dot / (Math.hypot(...one[bone]) * Math.hypot(...leg.now[bone])); // rounded
          far = Math.max(far, 1 - Math.abs(cosine));
        }
        return one;
      });
    draw();
    return far > 1e-6;
  }

  return { update, pose: () => shown };
}
