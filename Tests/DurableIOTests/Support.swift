// A folder that goes away, and the names in it.

import DurableIO
import Glibc
import SystemPackage

/// A fresh folder, removed with everything in it when the value goes.
final class TemporaryFolder {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/layerfold-io-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        let bytes = template.dropLast().map(UInt8.init(bitPattern:))
        path = FilePath(String(decoding: bytes, as: UTF8.self))
    }

    deinit { try? Self.remove(path) }

    private static func remove(_ path: FilePath) throws {
        guard try Syscalls.stat(path)?.kind == .folder else { return try Syscalls.unlink(path) }
        for entry in try DirectoryScan.entries(of: path) { try remove(path.appending(entry.name)) }
        try Syscalls.rmdir(path)
    }

    var names: [String] {
        get throws { try DirectoryScan.entries(of: path).map(\.name.string) }
    }
}

func write(_ text: String, to path: FilePath) throws {
    try DurableFile.write(Array(text.utf8), to: path)
}

func read(_ path: FilePath) throws -> String {
    String(decoding: try SmallFile.read(path, bytesMax: 1 << 20), as: UTF8.self)
}
