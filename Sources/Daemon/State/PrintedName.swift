// Names of files as bytes, which need not be text, and as people see them.

import Failures
package import SystemPackage

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
                && character.unicodeScalars.allSatisfy { OneLine.isVisible($0) }
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
