// What a machine sees of the folders that head and nodes share.

import ArgumentParser
import Catalogue
import Cluster
import DurableIO
import Failures
import Foundation
import Jobs
import Runner
import SystemPackage

/// Run on a node, by the queue.
struct ProbeCommand: ComputingCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Look around on a node, for `cluster check`.",
        shouldDisplay: false)

    @Option(help: "What to look at.") var request: String
    @Option(help: "The file that tells what was seen.") var answer: String

    func run() throws {
        let bytes = try SmallFile.read(FilePath(request), bytesMax: ProbeRequest.bytesMax)
        guard let asked = try? JSONDecoder().decode(ProbeRequest.self, from: Data(bytes)) else {
            throw Failure(.usage, "`\(request)` is no request of `layerfold cluster check`")
        }
        let seen = NodeProbe(looking: asked)
        try DurableText.write(
            String(decoding: try JobJSON.encodePretty(seen), as: UTF8.self), to: FilePath(answer))
    }
}

extension NodeProbe {
    private static let messageBytesMax = 4_096

    /// - Parameter isHead: it looks at its own folders, and leaves nothing for itself.
    init(looking asked: ProbeRequest, isHead: Bool = false) {
        let text = try? SmallFile.read(
            FilePath(asked.message), bytesMax: Self.messageBytesMax)
        // Where there is no message nobody waits any more, who would remove it.
        let isLeft = !isHead && text != nil
        self.init(
            token: asked.token, host: ProcessInfo.processInfo.hostName, version: Product.version,
            user: Int(geteuid()), group: Int(getegid()), groups: Self.groups,
            milliseconds: Self.now, numerics: NodeNumerics.current,
            message: text.map { String(decoding: $0, as: UTF8.self) },
            places: asked.read.map { Place(reading: $0) }
                + asked.written.map {
                    Place(writing: $0, token: asked.token, isLeft: isLeft, isHead: isHead)
                })
    }

    /// Milliseconds since 1970.
    static var now: Int { Int(Date().timeIntervalSince1970 * 1_000) }

    private static var groups: [Int] {
        let count = getgroups(0, nil)
        guard count > 0 else { return [] }
        var list = [gid_t](repeating: 0, count: Int(count))
        let found = unsafe getgroups(count, &list)
        return list.prefix(max(0, Int(found))).map(Int.init).sorted()
    }
}

extension NodeProbe.Place {
    init(reading path: String) {
        self.init(path: path, token: nil)
    }

    /// - Parameters:
    ///   - isLeft: whether the file that is written stays, for the head to read.
    ///   - isHead: whether folders are moved here, as results are by the head.
    init(writing path: String, token: String, isLeft: Bool, isHead: Bool) {
        self.init(path: path, token: token, isLeft: isLeft, isHead: isHead)
    }

    /// - Parameter token: names the files that are read and written; nil: only the folder is read.
    private init(path: String, token: String?, isLeft: Bool = false, isHead: Bool = false) {
        let folder = FilePath(path)
        var inode: UInt64?
        var problem: String?
        var found: String?
        var left: NodeProbe.Left?
        do {
            inode = try Self.inode(of: folder)
            _ = try DirectoryScan.entries(of: folder)
            if let token {
                let head = folder.appending(FolderTokens.headFile(of: token))
                found = (try? SmallFile.read(head, bytesMax: FolderTokens.bytesMax)).map {
                    String(decoding: $0, as: UTF8.self)
                }
                let text = "\(UUID().uuidString)\n"
                let unique = String(text.prefix(8)).lowercased()
                let name = FolderTokens.nodeFile(of: token, by: unique)
                try DurableText.write(text, to: folder.appending(name))
                if isLeft {
                    left = NodeProbe.Left(name: name, text: text)
                } else {
                    try Syscalls.unlink(folder.appending(name))
                }
                if isHead {
                    try FolderProbe.moveFolder(
                        in: folder, named: FolderTokens.headFolder(of: token, by: unique))
                }
            }
        } catch {
            problem = FaultText.describe(error)
        }
        self.init(
            path: path, inode: inode, problem: problem,
            network: FileSystemKind.networkName(at: folder), found: found, left: left)
    }

    /// Of the folder that the name leads to.
    private static func inode(of folder: FilePath) throws -> UInt64 {
        let descriptor = try Syscalls.open(folder, O_RDONLY | O_DIRECTORY)
        defer { try? Syscalls.close(descriptor, folder) }
        return try Syscalls.stat(descriptor, folder).inode
    }
}
