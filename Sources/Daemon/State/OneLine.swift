// Names and texts that others chose, on one line: what is no visible text is escaped, so that
// nobody's file name can end a line of the log, hide a part of it, or command a terminal.

package import SystemPackage

package enum OneLine {
    /// The text with control characters, line breaks, marks of direction and the like written as
    /// `\n`, `\t` or `\u{1B}`.
    /// - Parameter bytesMax: of UTF-8; what is longer is cut, and ends in `…` then.
    package static func text(_ text: String, bytesMax: Int = 4_096) -> String {
        var line = ""
        var count = 0
        for scalar in text.unicodeScalars {
            let piece = escaped(scalar)
            count += piece.utf8.count
            guard count <= bytesMax else { return line + "…" }
            line += piece
        }
        return line
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default:
            scalar.properties.isVisible
                ? String(scalar) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isVisible: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        default: true
        }
    }
}

extension FilePath.Component {
    /// The name on one line, for people: what is no visible text is escaped as %XX. Two names never
    /// look alike.
    package var printed: String {
        var text = ""
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = (1...4).first {
                $0 <= rest.count && String(validating: rest.prefix($0), as: UTF8.self) != nil
            }
            let character = String(decoding: rest.prefix(count ?? 1), as: UTF8.self)
            let isVisible =
                count != nil && character != "%"
                && character.unicodeScalars.allSatisfy { $0.properties.isVisible }
            text += isVisible ? character : rest.prefix(count ?? 1).map(Self.escaped).joined()
            rest = rest.dropFirst(count ?? 1)
        }
        return text
    }

    private static func escaped(_ byte: UInt8) -> String {
        "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }

    /// The name as the file system has it, which need not be text.
    package var bytes: [UInt8] {
        unsafe withPlatformString { characters in
            var bytes: [UInt8] = []
            while unsafe characters[bytes.count] != 0 {
                unsafe bytes.append(UInt8(bitPattern: characters[bytes.count]))
            }
            return bytes
        }
    }

    /// Nil for no bytes, and for a name that leads elsewhere.
    package init?(bytes: some Sequence<UInt8>) {
        let characters = bytes.map { CChar(bitPattern: $0) } + [0]
        guard let parsed = FilePath.Component(platformString: characters), parsed.kind == .regular
        else { return nil }
        self = parsed
    }
}
