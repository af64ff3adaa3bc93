// A file taken out of the inbox by one atomic rename, into `spool/<id>.<parses>.<name>`. From then
// on nobody else reaches it by name, and the identifier in the name makes acceptance happen once.

package import DurableIO
package import SystemPackage

package struct Claim: Sendable, Equatable {
    /// The job's identifier.
    package let id: String
    /// How often a parse of this file was begun.
    package private(set) var parses: Int
    /// The file's name in the inbox.
    package let name: String
    private let spool: FilePath

    package init(id: String, parses: Int = 0, name: String, spool: FilePath) {
        self.id = id
        self.parses = parses
        self.name = name
        self.spool = spool
    }

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

    /// Takes the file, if it is still the one that was looked at, with the same bytes.
    /// - Parameter isOpen: whether somebody has the file of this path open for writing.
    /// - Returns: False if the name was given to another file meanwhile, or a writer is at work;
    ///   then the file is put back.
    package func take(
        _ source: FilePath, expecting status: FileStatus,
        isOpen: (FilePath) -> Bool = { _ in false }
    ) throws(SystemCallError) -> Bool {
        try Syscalls.renameExclusively(source, to: path)
        guard let taken = try Syscalls.stat(path) else { return true }
        if taken.hasSameBytes(as: status), !isOpen(path) { return true }
        try putBack(to: source)
        return false
    }

    /// - Throws: EEXIST where the inbox has another file of this name by now.
    package func putBack(to source: FilePath) throws(SystemCallError) {
        try Syscalls.renameExclusively(path, to: source)
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

extension FileStatus {
    /// As far as can be told without reading: a rename changes neither.
    func hasSameBytes(as other: FileStatus) -> Bool {
        isSameFile(as: other) && byteCount == other.byteCount
            && modifiedNanoseconds == other.modifiedNanoseconds
    }
}
