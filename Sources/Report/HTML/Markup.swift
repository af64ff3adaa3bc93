// Text that is finished HTML or SVG. What stands in the source code is markup, whatever is put
// in by interpolation is text and is escaped: forgetting to escape takes a deliberate act.

/// A piece of HTML or SVG.
package struct Markup: ExpressibleByStringInterpolation, Sendable, Equatable {
    package private(set) var text: String

    package init(stringLiteral value: String) {
        text = value
    }

    package init(stringInterpolation interpolation: Interpolation) {
        text = interpolation.text
    }

    package static func + (left: Markup, right: Markup) -> Markup {
        var sum = left
        sum.text += right.text
        return sum
    }

    package static func += (left: inout Markup, right: Markup) {
        left.text += right.text
    }

    package struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }
        package mutating func appendInterpolation(_ outside: String) {
            text += Markup.escaped(outside)
        }
        package mutating func appendInterpolation(_ number: Int) { text += String(number) }
        package mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
        package mutating func appendInterpolation(_ markups: [Markup]) {
            for markup in markups { text += markup.text }
        }
        /// A length in a drawing.
        package mutating func appendInterpolation(_ length: Double) {
            text += NumberText.coordinate(length)
        }
    }
}

extension Markup {
    /// `text` for element content and quoted attributes, in HTML and in XML.
    ///
    /// Characters that neither allows (controls but tab and line ends, non-characters) become
    /// U+FFFD.
    package static func escaped(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""),
                UInt8(ascii: "'"):
                false
            default: byte >= 0x20 && byte < 0x7F
            }
        }
        if isPlain { return text }
        var result = ""
        result.reserveCapacity(text.utf8.count + 16)
        var marks = 0
        for scalar in text.unicodeScalars {
            // No script stacks so many marks on a letter; hundreds would cover the page.
            marks = scalar.properties.generalCategory == .nonspacingMark ? marks + 1 : 0
            if marks > 8 { continue }
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}":
                result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A name from outside: kept from turning the text around it (bidi controls), never longer
    /// than `countMax`; a longer piece of it is its tooltip where it was cut.
    package static func name(_ text: String, countMax: Int = 80) -> Markup {
        let short = text.shortened(to: countMax)
        if short == text { return "<bdi>\(text)</bdi>" }
        return "<bdi title=\"\(text.shortened(to: 2000))\">\(short)</bdi>"
    }
}

extension String {
    /// This text with its middle left out where it has more than `countMax` Unicode scalars.
    ///
    /// Characters of unbounded size exist (a base and 10,000 accents), so scalars are counted.
    package func shortened(to countMax: Int) -> String {
        guard unicodeScalars.count > countMax else { return self }
        let scalars = Array(unicodeScalars)
        let head = (countMax - 1) * 2 / 3
        var result = ""
        result.unicodeScalars.append(contentsOf: scalars.prefix(head))
        result += "\u{2026}"
        result.unicodeScalars.append(contentsOf: scalars.suffix(countMax - 1 - head))
        return result
    }
}
