// module multiply
`ifdef VERILATOR // every value at most 64 bits; no sum below overflows
reg [63:0] ll, lh, hl, hh, m, n, lo, hi, t, u;
reg [63:0] delay [1:LATENCY];
integer i;
always @(posedge clock) begin
  ll = {32'b0, a[31:0]} * {32'b0, b[31:0]};
  lh = {32'b0, a[31:0]} * {32'b0, b[63:32]};
  hl = {32'b0, a[63:32]} * {32'b0, b[31:0]};
  hh = {32'b0, a[63:32]} * {32'b0, b[63:32]};
  m = lh + {32'b0, ll[63:32]};
  n = hl + {32'b0, m[31:0]};
  lo = {n[31:0], ll[31:0]};
  hi = hh + {32'b0, m[63:32]} + {32'b0, n[63:32]};
  t = lo - {32'b0, hi[63:32]};
  if (lo < {32'b0, hi[63:32]}) t = t - EPSILON;
  u = t + ({hi[31:0], 32'b0} - {32'b0, hi[31:0]});
  if (u < t || u >= PRIME) u = u + EPSILON;
  for (i = LATENCY; i > 1; i = i - 1) delay[i] <= delay[i - 1];
  delay[1] <= u;
end
assign product = delay[LATENCY];
`else // with f = 2^32, f^2 = f - 1: (a0 + a1 f)(b0 + b1 f) = P - Q + f (R - P), P = a0 b0, Q = a1 b1, R = (a0 + a1)(b0 + b1)
reg [32:0] xs, ys;                                    // the factors of R come a cycle after those of P and Q
reg [32:0] x [0:2], y [0:2];
reg [33:0] ll [0:2], lh [0:2], hl [0:2], hh [0:2];
reg [34:0] middle [0:2];
reg [65:0] outer [0:2], full [0:2], d;
reg [63:0] p;
reg signed [64:0] r [0:1];                            // P - Q
reg [33:0] e;
reg signed [66:0] t, s;
reg [66:0] w;
reg [63:0] result;
reg [7:0] ones, some;                                 // of w, by four bits: upper half all ones, lower half not zero
wire [33:0] k = e[33] ? e[32] ? 34'h2fffffffd : 34'h1fffffffe : e[32] ? 34'hffffffff : 34'h0; // (f - 1) e1
wire over = !s[66] & (s[65] | s[64]);                 // s / 2^64, rounded down, is positive
wire [66:0] fold = {3'b0, s[63:0]} + {{32{s[66]}}, s[66:64] - {2'b0, over}, {29{over}}, -s[66:64]};
integer i;
always @(posedge clock) begin
  xs <= {1'b0, a[31:0]} + {1'b0, a[63:32]};
  ys <= {1'b0, b[31:0]} + {1'b0, b[63:32]};
  x[0] <= a[31:0]; x[1] <= a[63:32]; x[2] <= xs;
  y[0] <= b[31:0]; y[1] <= b[63:32]; y[2] <= ys;
  for (i = 0; i < 3; i = i + 1) begin                 // 16 and 17 bits: a tile is one multiplier of any FPGA
    ll[i] <= {18'b0, x[i][15:0]} * {18'b0, y[i][15:0]};
    lh[i] <= {18'b0, x[i][15:0]} * {17'b0, y[i][32:16]};
    hl[i] <= {17'b0, x[i][32:16]} * {18'b0, y[i][15:0]};
    hh[i] <= {17'b0, x[i][32:16]} * {17'b0, y[i][32:16]};
    middle[i] <= {1'b0, lh[i]} + {1'b0, hl[i]};
    outer[i] <= {hh[i], ll[i][31:0]};
    full[i] <= outer[i] + {15'b0, middle[i], 16'b0};
  end
  p <= full[0][63:0];
  r[0] <= {1'b0, full[0][63:0]} - {1'b0, full[1][63:0]};
  d <= full[2] - {2'b0, p};
  r[1] <= r[0];
  // f d = f e - d1 with e = d0 + d1 and d1 the part of d from bit 32 on; f e = f e0 + (f - 1) e1.
  e <= {2'b0, d[31:0]} + d[65:32]; t <= {{2{r[1][64]}}, r[1]} - {33'b0, d[65:32]};
  s <= t + {3'b0, e[31:0], 32'b0} + {33'b0, k};       // from -2^65 to 2^66
  w <= fold;
  for (i = 0; i < 8; i = i + 1) begin
    ones[i] <= &fold[32 + 4 * i +: 4];
    some[i] <= |fold[4 * i +: 4];
  end
  result <= w[63:0] + (w[66] ? -EPSILON : w[64] | (&ones & |some) ? EPSILON : 64'b0);
end
assign product = result;
`endif
