// The edge of the self-check: asks the kernel, decides nothing.

import DurableIO
import Glibc
import Letters
import SystemPackage

extension DeploymentFacts {
    /// Files that are looked at for their owner, at most: a start takes no longer for a large
    /// store.
    private static let filesMax = 20_000

    /// Looks around. What is not there yet is left out: the daemon makes it.
    /// - Parameters:
    ///   - isService: whether a service manager started this process.
    ///   - isDeep: whether to look for files of other users, too.
    package static func observe(
        _ configuration: DaemonConfiguration, isService: Bool, isDeep: Bool
    ) -> DeploymentFacts {
        let folders = configuration.folders
        var facts = DeploymentFacts(
            user: Int(geteuid()), mappedUsers: mappedUsers(inMap: map), isService: isService)
        facts.inbox = place(folders.inbox)
        facts.folders = folders.own.compactMap(place)
        facts.roots =
            configuration.modelRoots.map { root("model_roots", $0) }
            + configuration.dataRoots.map { root("data_roots", $0) }
        facts.indexNetwork = FileSystemKind.networkName(
            at: folders.index.removingLastComponent())
        if let status = try? Syscalls.stat(folders.socket), status.kind == .folder {
            facts.socketTakenBy = folders.socket
        }
        facts.workerSocket = configuration.workerSocket.map {
            WorkerSocket(path: $0, isThere: may($0, F_OK), mayConnect: may($0, W_OK))
        }
        let group = configuration.adminGroup
        // The usual one may be left out.
        if group != DaemonConfiguration.usualAdminGroup, Groups.number(named: group) == nil {
            facts.missingAdminGroup = group
        }
        let box = LetterBox(folders.notify)
        // Times of files are the kernel's, whatever clock the daemon has.
        let now = DaemonClock.system.now()
        // Of a folder that cannot be read the others tell.
        facts.letters = (try? box.waitingSince()).map {
            WaitingLetters(outbox: box.outbox, age: now - $0)
        }
        if isDeep { facts.foreign = foreignFiles(folders, user: facts.user) }
        return facts
    }

    private static var map: String {
        let bytes = try? SmallFile.read("/proc/self/uid_map", bytesMax: 65_536)
        // Without /proc nothing is known to be wrong.
        return bytes.map { String(decoding: $0, as: UTF8.self) } ?? "0 0 4294967295"
    }

    private static func place(_ path: FilePath) -> Place? {
        // A person may put the state folder elsewhere by a link.
        guard let status = statusFollowing(path) else { return nil }
        var place = Place(path: path, owner: Int(status.owner))
        place.isFolder = status.kind == .folder
        place.isWritable = may(path, W_OK | X_OK)
        return place
    }

    private static func statusFollowing(_ path: FilePath) -> FileStatus? {
        guard let descriptor = try? Syscalls.open(path, O_RDONLY | O_DIRECTORY) else {
            return (try? Syscalls.stat(path)) ?? nil
        }
        defer { try? Syscalls.close(descriptor, path) }
        return try? Syscalls.stat(descriptor, path)
    }

    private static func root(_ key: String, _ path: FilePath) -> Root {
        let readability: Readability =
            if !may(path, F_OK) {
                errno == EACCES ? .refused : .missing
            } else if statusFollowing(path)?.kind == .regular {
                .noFolder
            } else {
                may(path, R_OK | X_OK) ? .readable : .refused
            }
        return Root(key: key, path: path, readability: readability)
    }

    private static func may(_ path: FilePath, _ mode: CInt) -> Bool {
        unsafe path.withPlatformString { unsafe faccessat(AT_FDCWD, $0, mode, AT_EACCESS) } == 0
    }

    /// The index and its lock first, then jobs, then the store: claims and results may be people's.
    private static func foreignFiles(_ folders: StateFolders, user: Int) -> ForeignFiles? {
        var found: ForeignFiles?
        var left = filesMax
        func look(_ folder: FilePath, depth: Int) {
            guard depth > 0, let entries = try? DirectoryScan.entries(of: folder) else { return }
            for entry in entries where left > 0 {
                left -= 1
                let path = folder.appending(entry.name)
                guard let status = (try? Syscalls.stat(path)) ?? nil else { continue }
                if Int(status.owner) != user {
                    found = ForeignFiles(
                        example: found?.example ?? path,
                        owner: found?.owner ?? Int(status.owner), count: (found?.count ?? 0) + 1)
                } else if entry.kind == .folder {
                    look(path, depth: depth - 1)
                }
            }
        }
        look(folders.index.removingLastComponent(), depth: 1)
        look(folders.jobs, depth: 2)
        look(folders.store, depth: 3)
        return found
    }
}
