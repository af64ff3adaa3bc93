// Colours of a heat map, computed: from dark violet over blue and green to light yellow along a
// straight line of lightness in OKLab (Ottosson 2020), in the manner of viridis. Lightness alone
// carries the value, so the map reads the same with any colour blindness and in grey print.

import Glibc

enum HeatPalette {
    /// Steps are finer than an eye tells apart.
    static let count = 128

    private static let table: [String] = (0..<count).map { step in
        hexadecimal(Double(step) / Double(count - 1))
    }

    /// The colour of `value` within `range` as `#rrggbb`; values outside take the nearest end.
    static func color(_ value: Double, in range: ClosedRange<Double>) -> String {
        let width = range.upperBound - range.lowerBound
        let share = width > 0 && width.isFinite ? (value - range.lowerBound) / width : 0.5
        let step = (min(max(share, 0), 1) * Double(count - 1)).rounded()
        return table[Int(step)]
    }

    /// Share 0 is dark, share 1 light.
    private static func hexadecimal(_ share: Double) -> String {
        let lightness = 0.27 + 0.66 * share
        let hue = (300 - 195 * share) * Double.pi / 180
        // The chroma asked for, made smaller until the screen can show the colour.
        var chroma = 0.13 + 0.03 * share
        while true {
            let channels = linear(
                lightness, chroma * cos(hue), chroma * sin(hue))
            if chroma <= 0 || channels.allSatisfy({ $0 >= -1e-9 && $0 <= 1 + 1e-9 }) {
                return "#" + channels.map(byte).joined()
            }
            chroma -= 0.002
        }
    }

    /// OKLab to linear sRGB.
    private static func linear(_ lightness: Double, _ a: Double, _ b: Double) -> [Double] {
        let l = cube(lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b)
        let m = cube(lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b)
        let s = cube(lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b)
        return [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
        ]
    }

    private static func cube(_ x: Double) -> Double { x * x * x }

    /// The transfer function of sRGB, as two hexadecimal digits.
    private static func byte(_ channel: Double) -> String {
        let value = min(max(channel, 0), 1)
        let encoded = value <= 0.003_130_8 ? 12.92 * value : 1.055 * pow(value, 1 / 2.4) - 0.055
        let text = String(Int((encoded * 255).rounded()), radix: 16)
        return text.utf8.count < 2 ? "0" + text : text
    }
}
