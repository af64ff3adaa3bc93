// What the tests of the store share: a state folder that goes away, seeded bytes, short keys.

import DurableIO
import Glibc
import JSON
import Store
import SystemPackage

/// SplitMix64 (Steele, Lea, Flood 2014): equal seeds give equal bytes on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    /// Little-endian floats around zero, as weights are: exponents repeat, mantissas do not.
    mutating func floats(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 * count)
        for _ in 0..<count {
            let uniform =
                Float(next() >> 40) / Float(1 << 24) + Float(next() >> 40) / Float(1 << 24)
            let pattern = ((uniform - 1) * 0.05).bitPattern
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: pattern >> shift))
            }
        }
        return bytes
    }
}

/// A fresh folder, removed with everything in it when the value goes.
final class TemporaryState {
    let path: FilePath

    /// - Parameter parent: where to make it.
    init(in parent: String = "/tmp") throws {
        var template = Array("\(parent)/layerfold-store-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(
            String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    deinit { try? Self.remove(path) }

    private static func remove(_ path: FilePath) throws {
        guard try Syscalls.stat(path)?.kind == .folder else { return try Syscalls.unlink(path) }
        for entry in try DirectoryScan.entries(of: path) { try remove(path.appending(entry.name)) }
        try Syscalls.rmdir(path)
    }
}

/// Every file below a folder, sorted, as paths relative to it.
func files(below root: FilePath) throws -> [String] {
    var found: [String] = []
    func walk(_ folder: FilePath, _ prefix: String) throws {
        for entry in try DirectoryScan.entries(of: folder) {
            let name = prefix + entry.name.string
            if entry.kind == .folder {
                try walk(folder.appending(entry.name), name + "/")
            } else {
                found.append(name)
            }
        }
    }
    try walk(root, "")
    return found
}

/// Replaces a file of the store by other bytes, as a failing disk or a careless person would.
func overwrite(_ path: FilePath, _ bytes: [UInt8]) throws {
    try DurableFile.write(bytes, to: path)
}

func contents(_ path: FilePath) throws -> [UInt8] {
    try SmallFile.read(path, bytesMax: 1 << 30)
}

/// A key that differs from others by `number` only.
func key(_ number: Int, stage: String = "embedding", inputs: [String: Digest] = [:]) -> ActionKey {
    ActionKey(
        stage: stage, stageVersion: 1, inputs: inputs, params: ["number": .integer(number)],
        tool: "test")
}

/// Makes every object and step look as if it was last used long ago.
func ageEverything(_ store: ContentStore) throws {
    for digest in try store.objectDigests() {
        try Syscalls.setModified(store.layout.root.appending(objectName(digest)), seconds: 1000)
    }
    for key in try store.actionKeys() {
        try Syscalls.setModified(store.layout.root.appending(actionName(key)), seconds: 1000)
    }
}
