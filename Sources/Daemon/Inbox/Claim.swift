// A file taken out of the inbox by one atomic rename, into `spool/<id>.<parses>.<name>`. From then
// on nobody else reaches it by name, and the identifier in the name makes acceptance happen once.
// What was taken is looked at only now: between a look at a name and a rename of it, the name may
// have been given to anything.

package import DurableIO
package import SystemPackage

package struct Claim: Sendable, Equatable {
    /// The job's identifier.
    package let id: String
    /// How often a parse of this file was begun.
    package private(set) var parses: Int
    /// The file's name in the inbox; one that is not fit for a manifest is written out in plain
    /// characters after a `~`, so that it stays unfit.
    package let name: String
    private let spool: FilePath

    package init(id: String, parses: Int = 0, name: String, spool: FilePath) {
        self.id = id
        self.parses = parses
        self.name = name
        self.spool = spool
    }

    /// A claim on what has this name in the inbox.
    package init(id: String, of component: FilePath.Component, spool: FilePath) {
        let name =
            if case .unfit = InboxName(component) {
                Self.unfitMark + RejectedFolder.shortened(component.printed) + ".yaml"
            } else {
                component.string
            }
        self.init(id: id, name: name, spool: spool)
    }

    private static let unfitMark = "~"

    /// The claim that a file name in the spool stands for, or nil.
    package init?(fileName: String, spool: FilePath) {
        let parts = fileName.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, JobIdentifier.isValid(parts[0]), let parses = Int(parts[1]),
            parses >= 0
        else { return nil }
        self.init(id: String(parts[0]), parses: parses, name: String(parts[2]), spool: spool)
    }

    /// The name as a part of a path; claims have plain names.
    package var component: FilePath.Component {
        FilePath.Component(bytes: name.utf8) ?? "manifest"
    }

    package var path: FilePath { spool.appending("\(id).\(parses).\(name)") }

    /// Takes whatever has the name at this moment.
    /// - Throws: ENOENT where nothing has it any more.
    package func take(_ source: FilePath) throws(SystemCallError) {
        try Syscalls.renameExclusively(source, to: path)
    }

    /// Back into the inbox, under its name, or one with a number (`x-2.yaml`) where another file
    /// has that by now.
    /// - Returns: the name.
    /// - Throws: `SystemCallError`; EEXIST where all numbers are taken.
    package func putBack(into inbox: FilePath) throws(SystemCallError) -> FilePath.Component {
        let numbersMax = 1_000
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        for number in 1..<numbersMax {
            let tried = number == 1 ? name : "\(name[..<dot])-\(number)\(name[dot...])"
            guard let component = FilePath.Component(bytes: tried.utf8) else { break }
            do throws(SystemCallError) {
                try Syscalls.renameExclusively(path, to: inbox.appending(component))
                return component
            } catch {
                guard error.errno == .fileExists else { throw error }
            }
        }
        throw SystemCallError(.rename, inbox.appending(component), .fileExists)
    }

    /// Notes, before a parse, that it is begun: a file whose parse kills the daemon is known by
    /// its count.
    package mutating func countParse() throws(SystemCallError) {
        let before = path
        parses += 1
        try Syscalls.rename(before, to: path)
        try Syscalls.syncFolder(spool)
    }

    /// The daemon has outlived the parse, whatever came of it.
    package mutating func forgetParses() throws(SystemCallError) {
        let before = path
        parses = 0
        try Syscalls.rename(before, to: path)
    }

    /// The claims in the spool, in the order of their making.
    package static func all(in spool: FilePath) throws(SystemCallError) -> [Claim] {
        try DirectoryScan.entries(of: spool).compactMap {
            Claim(fileName: $0.name.string, spool: spool)
        }
    }
}

/// What to do with a file that was taken. Pure.
package enum Takeover: Sendable, Equatable {
    /// It is read and parsed.
    case read
    case reject(Refusal)
    /// It is another thing than what was looked at, or still changing: it goes back, and is looked
    /// at anew.
    case putBack

    /// - Parameters:
    ///   - taken: what lies in the spool now.
    ///   - seen: what the look saw; nil after a restart, which has seen nothing.
    package init(of taken: FileStatus, named name: InboxName, seen: FileStatus?) {
        if taken.kind == .folder {
            self = .putBack
        } else if let refusal = Refusal(of: taken, name) {
            self = .reject(refusal)
        } else if let seen, !taken.hasSameBytes(as: seen) {
            self = .putBack
        } else {
            self = .read
        }
    }
}

extension FileStatus {
    /// As far as can be told without reading, and but for the time of change, which a rename sets.
    func hasSameBytes(as other: FileStatus) -> Bool {
        isSameFile(as: other) && byteCount == other.byteCount && owner == other.owner
            && kind == other.kind && linkCount == other.linkCount
            && modifiedNanoseconds == other.modifiedNanoseconds
    }
}
