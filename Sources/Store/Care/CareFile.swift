// Small files that care of the store keeps for itself, each with a checksum: what is damaged is as
// good as missing, and never believed.

import DurableIO
import JSON
import SystemPackage

enum CareFile {
    private static let bytesMax = 1 << 16

    static func bytes(_ members: [String: CanonicalJSON]) -> [UInt8] {
        var members = members
        members["sum"] = .string(CanonicalJSON.object(members).digest.hex)
        return CanonicalJSON.object(members).bytes
    }

    /// - Returns: Nil for anything but what `bytes` gave.
    static func parse(_ bytes: [UInt8]) -> CanonicalJSON? {
        guard
            let json = try? CanonicalJSON(
                parsing: bytes.span, limits: JSONLimits(bytes: bytesMax)),
            var members = json.objectValue, let sum = members.removeValue(forKey: "sum"),
            sum == .string(CanonicalJSON.object(members).digest.hex)
        else { return nil }
        return json
    }

    /// - Returns: Nil where there is none that can be read.
    static func read(_ path: FilePath) -> CanonicalJSON? {
        (try? SmallFile.read(path, bytesMax: bytesMax)).flatMap(parse)
    }
}

extension ContentStore {
    /// Replaces the file durably.
    func keep(_ members: [String: CanonicalJSON], as path: FilePath) throws(SystemCallError) {
        var file = try newFile()
        try file.write(CareFile.bytes(members))
        try file.publish(as: path, permissions: 0o640)
    }
}
