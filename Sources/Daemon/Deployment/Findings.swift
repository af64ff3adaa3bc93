// What the start-up self-check makes of what it sees. Pure: facts in, verdicts out.

import SystemPackage

/// One thing that is wrong with the place that the daemon was put into, with its cure.
package struct Finding: Sendable, Equatable {
    package enum Gravity: Sendable, Equatable {
        /// Nothing would go right: the daemon does not start.
        case fatal
        /// Some things do not work; the daemon tells, and does the others.
        case degraded
    }

    package let gravity: Gravity
    package let text: String
    /// Where it is told while the daemon runs.
    package var topic = Health.Topic.deployment

    /// What a look may find something under.
    /// - Parameter isDeep: whether files of other users are looked for.
    package static func topics(isDeep: Bool) -> [Health.Topic] {
        [.deployment, .workerSocketPlace, .adminGroup, .letters] + (isDeep ? [.foreignFiles] : [])
    }
}

extension DeploymentFacts {
    /// Files whose owner this process cannot be told belong to this user.
    package static let overflowUser = 65_534
    /// Fewer users than that are no machine's: the numbers of people begin at 1,000, and those of
    /// directories and homed end at 60,513.
    private static let usersMin = 60_000

    /// The worst first.
    package var findings: [Finding] {
        func degraded(_ texts: [String], _ topic: Health.Topic = .deployment) -> [Finding] {
            texts.map { Finding(gravity: .degraded, text: $0, topic: topic) }
        }
        let findings =
            (userFindings + indexFindings).map { Finding(gravity: .fatal, text: $0) }
            + mapFindings + folderFindings + degraded(foreignFindings, .foreignFiles)
            + degraded(rootFindings) + degraded(workerSocketFindings, .workerSocketPlace)
            + degraded(adminGroupFindings, .adminGroup) + degraded(letterFindings, .letters)
        return findings.filter { $0.gravity == .fatal }
            + findings.filter { $0.gravity == .degraded }
    }

    // MARK: Users

    private static let cure =
        "set PrivateUsers=no in the unit (systemctl edit layerfoldd), else the owner of a job "
        + "cannot be told"

    /// Owners that cannot be told.
    private var userFindings: [String] {
        guard user != Self.overflowUser else { return [] }
        let places = [inbox].compactMap(\.self) + folders
        guard let place = places.first(where: { $0.owner == Self.overflowUser }) else { return [] }
        return ["the owner of `\(place.path)` is shown as 65534 (nobody): " + Self.cure]
    }

    /// The map alone: outside of a service one person may well be alone in hers.
    private var mapFindings: [Finding] {
        guard mappedUsers < Self.usersMin else { return [] }
        let text =
            "this process can tell only \(mappedUsers) users apart (/proc/self/uid_map), the "
            + "files of all others are shown as 65534: " + Self.cure
        return [Finding(gravity: isService ? .fatal : .degraded, text: text)]
    }

    // MARK: Folders

    private var folderFindings: [Finding] {
        folders.compactMap { place in
            if !place.isFolder {
                return Finding(
                    gravity: .fatal, text: "`\(place.path)` is not a folder: move it away")
            }
            // Whom the overflow user hides is told above.
            if place.owner != user, place.owner != Self.overflowUser {
                // Root may write anywhere, and leaves files that the folder's owner cannot use.
                let isHarmful = user == 0 || !place.isWritable
                return Finding(
                    gravity: isHarmful ? .fatal : .degraded,
                    text: "`\(place.path)` belongs to user \(place.owner), and this daemon runs "
                        + "as user \(user): " + ownerCure(place))
            }
            guard !place.isWritable else { return nil }
            return Finding(
                gravity: .fatal,
                text: "user \(user) may not write into `\(place.path)`: is it mounted read-only, "
                    + "left out of ReadWritePaths= or StateDirectory=, or without mode u+wx?")
        }
    }

    private func ownerCure(_ place: Place) -> String {
        user == 0
            ? "run it as that user (runuser -u '#\(place.owner)' -- layerfoldd ...), or name "
                + "another state folder"
            : "chown -R \(user) it, or name another state folder"
    }

    private var foreignFindings: [String] {
        guard let foreign else { return [] }
        let others = foreign.count > 1 ? " and \(foreign.count - 1) more" : ""
        return [
            "`\(foreign.example)`\(others) belongs to user \(foreign.owner), not to the daemon's "
                + "user \(user), and may be unreadable to it: was a command run there as another "
                + "user? chown it to \(user)"
        ]
    }

    private var indexFindings: [String] {
        var texts: [String] = []
        if let indexNetwork {
            texts.append(
                "the index would lie on \(indexNetwork), where its locks cannot be relied on: "
                    + "keep the state folder on a local disk (models and data may lie anywhere)")
        }
        if let socketTakenBy {
            texts.append("`\(socketTakenBy)` is in the way of the daemon's socket: remove it")
        }
        return texts
    }

    // MARK: What can be done without

    private var rootFindings: [String] {
        roots.compactMap { root in
            let folder = "the folder `\(root.path)` of the setting `\(root.key)`"
            switch root.readability {
            case .readable: return nil
            case .missing:
                return "\(folder) is not there: is it mounted, and does the unit's sandbox show "
                    + "it (BindReadOnlyPaths=)? Jobs that name something below it are refused"
            case .noFolder: return "\(folder) is not a folder: correct the setting"
            case .refused:
                return "\(folder) may not be read by user \(user): chmod o+rx it, or add the "
                    + "daemon's user to its group"
            }
        }
    }

    private var adminGroupFindings: [String] {
        missingAdminGroup.map {
            [
                "the setting `admin_group` names `\($0)`, and there is no such group, so only "
                    + "root and user \(user) are admins: groupadd --system \($0), or correct the "
                    + "setting"
            ]
        } ?? []
    }

    /// All three tries of a letter take eleven minutes, its turns without a try twenty.
    private static let letterAgeMax = 3_600_000

    /// Neither how many nor for how long: each look would find something new.
    private var letterFindings: [String] {
        guard let letters, letters.age > Self.letterAgeMax else { return [] }
        return [
            "letters have waited in `\(letters.outbox)` for more than an hour, and nobody takes "
                + "them out: systemctl enable --now layerfold-notify.path, or `layerfold notify "
                + "send --follow` where there is no systemd"
        ]
    }

    private var workerSocketFindings: [String] {
        guard let workerSocket, !workerSocket.isThere || !workerSocket.mayConnect else { return [] }
        let why = workerSocket.isThere ? "may not be used by user \(user)" : "is not there"
        return [
            "the socket `\(workerSocket.path)` of the setting `worker_socket` \(why), so workers "
                + "are children of the daemon and end with it: systemctl enable --now "
                + "layerfold-worker.socket"
        ]
    }
}
