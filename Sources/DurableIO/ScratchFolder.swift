// A folder for unfinished files that belongs to one living owner. The kernel's lock on the folder
// tells whether the owner lives, so cleaning never takes a file from a running writer (the fault of
// ccache #154) and never needs a clock. The lock of a folder is known on one machine only, also
// where the folder is on the network: names tell the machine, and only its own processes clean up
// after it.

import Glibc
import Synchronization
package import SystemPackage

/// Names that differ within this process; together with `O_EXCL` they are unique on the machine.
enum UniqueName {
    private static let counter = Atomic(0)

    static func next() -> String {
        "\(getpid())-\(counter.wrappingAdd(1, ordering: .relaxed).oldValue)"
    }
}

/// Which machine this is, as a part of names.
enum Machine {
    /// Between the process and the machine; in no name of a host.
    static let mark: Character = "@"

    static let name: String = {
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "unknown" }
        let text = String(
            decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.filter { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
    }()

    /// Whether an entry was made by another machine. Names without a machine are of earlier
    /// versions, which knew one only.
    static func isForeign(_ entry: String) -> Bool {
        guard let place = entry.lastIndex(of: mark) else { return false }
        return entry[entry.index(after: place)...] != name
    }
}

/// A locked folder `<parent>/<process>-<number>@<machine>/`, removed with its files when this value
/// ends.
package struct ScratchFolder: ~Copyable {
    package let path: FilePath
    private let descriptor: FileDescriptor

    /// Makes and locks a new folder below `parent`, which exists.
    package init(in parent: FilePath) throws(SystemCallError) {
        (path, descriptor) = try Self.makeFolder(mode: 0o700) { parent.appending($0) }
    }

    /// Makes and locks a new folder.
    /// - Parameter place: the path for an owner, which no living process on this machine shares.
    static func makeFolder(
        mode: CInterop.Mode, at place: (_ owner: String) -> FilePath
    ) throws(SystemCallError) -> (path: FilePath, descriptor: FileDescriptor) {
        while true {
            let candidate = place("\(UniqueName.next())\(Machine.mark)\(Machine.name)")
            do throws(SystemCallError) {
                try Syscalls.mkdir(candidate, mode: mode)
                if let descriptor = try lockFolder(candidate) { return (candidate, descriptor) }
            } catch {
                // EEXIST: a process of our number left it, or has it in a container. ENOENT:
                // somebody's cleaning came between making and locking. Either way the next name
                // will do.
                guard error.errno == .fileExists || error.isMissing else { throw error }
            }
        }
    }

    /// Begins a file in this folder.
    package func newFile() throws(SystemCallError) -> DurableFile {
        try DurableFile(temporaryPath: path.appending(UniqueName.next()))
    }

    /// Takes the folder of this very name, for things that only one owner at a time may do.
    /// - Returns: nil where a living owner has it.
    package static func take(
        _ name: String, in parent: FilePath
    ) throws(SystemCallError) -> ScratchFolder? {
        let triesMax = 8
        let path = parent.appending(name)
        for _ in 0..<triesMax {
            do throws(SystemCallError) {
                try Syscalls.mkdir(path, mode: 0o700)
            } catch {
                guard error.errno == .fileExists else { throw error }
            }
            do throws(SystemCallError) {
                guard let descriptor = try lockFolder(path) else { return nil }
                return ScratchFolder(path: path, descriptor: descriptor)
            } catch {
                // Its last owner, or somebody's cleaning, removed it meanwhile.
                guard error.isMissing else { throw error }
            }
        }
        return nil
    }

    private init(path: FilePath, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Tells other machines, which do not see the lock, that the owner lives: to be called now and
    /// then, well within `foreignAgeMax`, where files are not made all the time.
    package func renew() throws(SystemCallError) { try Syscalls.touch(path) }

    /// What another machine left is removed where nothing was made in it for so long.
    private static let foreignAgeMax: Int64 = 7 * 86_400 * 1_000_000_000

    /// Removes what dead owners left below `parent`; what a living one holds stays.
    /// - Returns: The names removed, sorted.
    package static func removeAbandoned(in parent: FilePath) throws(SystemCallError) -> [FilePath] {
        var removed: [FilePath] = []
        var now: Int64?
        for entry in try DirectoryScan.entries(of: parent) {
            if Machine.isForeign(entry.name.string) {
                // By the clock of whoever keeps the files.
                if now == nil { now = try clock(of: parent) }
                let made = try Syscalls.stat(parent.appending(entry.name))?.modifiedNanoseconds
                guard let made, let now, now - made > foreignAgeMax else { continue }
            }
            let path = parent.appending(entry.name)
            do throws(SystemCallError) {
                if entry.kind == .folder {
                    guard let descriptor = try lockFolder(path) else { continue }
                    defer { try? Syscalls.close(descriptor, path) }
                    try empty(path)
                    try Syscalls.rmdir(path)
                } else {
                    try Syscalls.unlink(path)
                }
                removed.append(path)
            } catch {
                // Somebody else cleans at the same time.
                guard error.isMissing else { throw error }
            }
        }
        return removed
    }

    /// Opens and locks a folder.
    ///
    /// Only a holder of the lock removes or renames the folder, so once the name is seen to stand
    /// for the locked folder, it does so until the lock is let go.
    /// - Returns: Nil if somebody holds it, or it was replaced meanwhile.
    static func lockFolder(_ path: FilePath) throws(SystemCallError) -> FileDescriptor? {
        let descriptor = try Syscalls.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        do throws(SystemCallError) {
            if try Syscalls.lock(descriptor, path),
                let named = try Syscalls.stat(path),
                named.isSameFile(as: try Syscalls.stat(descriptor, path))
            {
                return descriptor
            }
        } catch {
            try? Syscalls.close(descriptor, path)
            throw error
        }
        try Syscalls.close(descriptor, path)
        return nil
    }

    private static func clock(of parent: FilePath) throws(SystemCallError) -> Int64 {
        try Syscalls.touch(parent)
        return try Syscalls.stat(parent)?.modifiedNanoseconds ?? 0
    }

    private static func empty(_ folder: FilePath) throws(SystemCallError) {
        for entry in try DirectoryScan.entries(of: folder) {
            try Syscalls.unlink(folder.appending(entry.name))
        }
    }

    deinit {
        // What cannot be removed now is removed as abandoned later.
        try? Self.empty(path)
        try? Syscalls.rmdir(path)
        try? Syscalls.close(descriptor, path)
    }
}
