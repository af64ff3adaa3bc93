// Pins: small files that keep an object, or a step with its objects, from garbage collection.

import DurableIO
import JSON
import SystemPackage

/// Somebody's wish to keep something.
package struct Pin: Equatable, Sendable {
    /// An object, or the key of a step.
    package let digest: Digest
    /// Who wants it: 1 to 64 of `A-Z a-z 0-9 _ -`.
    package let owner: String
    package let reason: String
}

extension ContentStore {
    /// A reason is a line for people.
    private static let pinBytesMax = 4096
    private static let pinLimits = JSONLimits(bytes: 4 * pinBytesMax)

    /// Keeps an object or a step until every owner unpins it. Pinning again changes the reason.
    /// - Throws: `StoreError.pinInvalid` for an owner of other characters or too long a reason.
    package func pin(_ digest: Digest, owner: String, reason: String) throws {
        guard Self.isOwner(owner), reason.utf8.count <= Self.pinBytesMax else {
            throw StoreError.pinInvalid(owner: owner)
        }
        try translating {
            let json: CanonicalJSON = [
                "owner": .string(owner), "reason": .string(reason), "sha256": .string(digest.hex),
            ]
            try writePin(json.bytes, name(digest, owner))
        }
    }

    private func writePin(_ bytes: [UInt8], _ name: String) throws(SystemCallError) {
        var file = try newFile()
        try file.write(bytes)
        try file.publish(as: layout.pins.appending(name))
    }

    /// Takes an owner's pin away.
    /// - Returns: False if there was none.
    package func unpin(_ digest: Digest, owner: String) throws -> Bool {
        try translating {
            do throws(SystemCallError) {
                try Syscalls.unlink(layout.pins.appending(name(digest, owner)))
            } catch {
                guard error.isMissing else { throw error }
                return false
            }
            try Syscalls.syncFolder(layout.pins)
            return true
        }
    }

    /// All pins, sorted by digest and owner.
    ///
    /// The name alone holds what a pin protects; a damaged file costs its reason only.
    package func pins() throws -> [Pin] {
        try translating {
            try DirectoryScan.entries(of: layout.pins).compactMap { entry in
                guard let (digest, owner) = Self.parsePin(entry.name.string) else { return nil }
                let path = layout.pins.appending(entry.name)
                let bytes = (try? SmallFile.read(path, bytesMax: Self.pinLimits.bytes)) ?? []
                let json = try? CanonicalJSON(parsing: bytes.span, limits: Self.pinLimits)
                return Pin(
                    digest: digest, owner: owner, reason: json?["reason"]?.stringValue ?? "")
            }
        }
    }

    private func name(_ digest: Digest, _ owner: String) -> String {
        "\(digest.hex)-\(owner)\(StoreLayout.actionSuffix)"
    }

    static func parsePin(_ name: String) -> (Digest, String)? {
        guard name.hasSuffix(StoreLayout.actionSuffix), let digest = Digest(hex: name.prefix(64))
        else { return nil }
        let owner = name.dropFirst(64).dropLast(StoreLayout.actionSuffix.count)
        guard owner.first == "-", isOwner(String(owner.dropFirst())) else { return nil }
        return (digest, String(owner.dropFirst()))
    }

    private static func isOwner(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
