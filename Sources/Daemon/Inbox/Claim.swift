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

    package var path: FilePath { spool.appending("\(id).\(parses).\(name)") }

    /// Takes the file, if it is still the one that was looked at.
    /// - Returns: False if the name was given to another file meanwhile; that one is put back.
    package func take(_ source: FilePath, expecting status: FileStatus) throws(SystemCallError)
        -> Bool
    {
        try Syscalls.renameExclusively(source, to: path)
        guard let taken = try Syscalls.stat(path), !taken.isSameFile(as: status) else {
            return true
        }
        try Syscalls.renameExclusively(path, to: source)
        return false
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
