// Authorities, collectives, schools, classes and people.
#include "storage/sql/rows.h"
#include "storage/sql/sqlite_store.h"

namespace storage::sql {

namespace {

struct CollectiveReader {
  static const char* columns() { return "id, authority_id, kind, name"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.authority_id));
    s.exchange(soci::into(kind));
    s.exchange(soci::into(row.name));
  }
  Collective take() {
    row.kind = stored<CollectiveKind>(kind);
    return row;
  }
  Collective row;
  std::string kind;
};

struct SchoolReader {
  static const char* columns() { return "s.id, s.name, s.county, COALESCE(s.parent_id, '')"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.county));
    s.exchange(soci::into(parent));
  }
  School take() {
    row.parent_id = optional(parent);
    return row;
  }
  School row;
  std::string parent;
};

struct SchoolInCollectiveReader {
  static const char* columns() {
    return "s.id, s.name, s.county, COALESCE(s.parent_id, ''), m.role";
  }
  void bind(soci::statement& s) {
    school.bind(s);
    s.exchange(soci::into(role));
  }
  SchoolInCollective take() { return {school.take(), stored<MemberRole>(role)}; }
  SchoolReader school;
  std::string role;
};

struct ClassReader {
  static const char* columns() { return "id, school_id, name, grade, headcount"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.school_id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.grade));
    s.exchange(soci::into(row.headcount));
  }
  SchoolClass take() { return row; }
  SchoolClass row;
};

struct PersonReader {
  static const char* columns() {
    return "id, school_id, name, COALESCE(login, ''), COALESCE(password_hash, '')";
  }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.school_id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.login));
    s.exchange(soci::into(row.password_hash));
  }
  Person take() { return row; }
  Person row;
};

struct PersonInCollectiveReader {
  static const char* columns() { return "p.id, p.school_id, p.name, s.name"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.person_id));
    s.exchange(soci::into(row.school_id));
    s.exchange(soci::into(row.name));
    s.exchange(soci::into(row.school));
  }
  PersonInCollective take() { return row; }
  PersonInCollective row;
};

struct PersonRoleReader {
  static const char* columns() { return "person_id, collective_id, role"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.person_id));
    s.exchange(soci::into(row.collective_id));
    s.exchange(soci::into(role));
  }
  PersonRole take() {
    row.role = stored<CollectiveRole>(role);
    return row;
  }
  PersonRole row;
  std::string role;
};

struct AuthorityReader {
  static const char* columns() { return "id, name"; }
  void bind(soci::statement& s) {
    s.exchange(soci::into(row.id));
    s.exchange(soci::into(row.name));
  }
  Authority take() { return row; }
  Authority row;
};

}  // namespace

Outcome<void> SqliteStore::add_authority(const Authority& row) {
  return write("add the authority", [&] {
    session_ << "INSERT INTO authority (id, name) VALUES (:id, :name)", soci::use(row.id),
        soci::use(row.name);
  });
}

Outcome<void> SqliteStore::add_collective(const Collective& row) {
  return write("add the collective", [&] {
    const std::string kind = word(row.kind);
    session_ << "INSERT INTO collective (id, authority_id, kind, name) VALUES (:id, :authority, "
                ":kind, :name)",
        soci::use(row.id), soci::use(row.authority_id), soci::use(kind), soci::use(row.name);
  });
}

Outcome<void> SqliteStore::add_school(const School& row) {
  return write("add the school", [&] {
    const std::string parent = row.parent_id.value_or("");
    session_ << "INSERT INTO school (id, name, county, parent_id) VALUES (:id, :name, :county, "
                "NULLIF(:parent, ''))",
        soci::use(row.id), soci::use(row.name), soci::use(row.county), soci::use(parent);
  });
}

Outcome<void> SqliteStore::add_membership(const Membership& row) {
  return write("add the school to the collective", [&] {
    const std::string role = word(row.role);
    session_ << "INSERT INTO membership (collective_id, school_id, role) VALUES (:collective, "
                ":school, :role)",
        soci::use(row.collective_id), soci::use(row.school_id), soci::use(role);
  });
}

Outcome<void> SqliteStore::add_class(const SchoolClass& row) {
  return write("add the class", [&] {
    session_ << "INSERT INTO school_class (id, school_id, name, grade, headcount) "
                "VALUES (:id, :school, :name, :grade, :headcount)",
        soci::use(row.id), soci::use(row.school_id), soci::use(row.name), soci::use(row.grade),
        soci::use(row.headcount);
  });
}

Outcome<void> SqliteStore::add_person(const Person& row) {
  return write("add the person", [&] {
    session_ << "INSERT INTO person (id, school_id, name, login, password_hash) "
                "VALUES (:id, :school, :name, NULLIF(:login, ''), NULLIF(:hash, ''))",
        soci::use(row.id), soci::use(row.school_id), soci::use(row.name), soci::use(row.login),
        soci::use(row.password_hash);
  });
}

Outcome<void> SqliteStore::add_person_role(const PersonRole& row) {
  return write("give the person a role", [&] {
    const std::string role = word(row.role);
    session_ << "INSERT INTO person_role (person_id, collective_id, role) VALUES (:person, "
                ":collective, :role)",
        soci::use(row.person_id), soci::use(row.collective_id), soci::use(role);
  });
}

Outcome<void> SqliteStore::remove_person_role(const PersonRole& row) {
  return write("take a role from the person", [&] {
    const std::string role = word(row.role);
    session_ << "DELETE FROM person_role WHERE person_id = :person AND collective_id = :collective "
                "AND role = :role",
        soci::use(row.person_id), soci::use(row.collective_id), soci::use(role);
  });
}

Outcome<std::vector<Authority>> SqliteStore::authorities() {
  return read("list authorities", [&] {
    return select<AuthorityReader>(session_, "FROM authority ORDER BY name, id");
  });
}

Outcome<std::vector<Collective>> SqliteStore::collectives() {
  return read("list collectives", [&] {
    return select<CollectiveReader>(session_, "FROM collective ORDER BY name, id");
  });
}

Outcome<std::optional<Collective>> SqliteStore::collective(const Id& id) {
  return read("read the collective", [&] {
    return first(
        select<CollectiveReader>(session_, "FROM collective WHERE id = :id", soci::use(id)));
  });
}

Outcome<std::optional<School>> SqliteStore::school(const Id& id) {
  return read("read the school", [&] {
    return first(select<SchoolReader>(session_, "FROM school s WHERE s.id = :id", soci::use(id)));
  });
}

Outcome<std::vector<SchoolInCollective>> SqliteStore::schools_of_collective(
    const Id& collective_id) {
  return read("list the schools of the collective", [&] {
    return select<SchoolInCollectiveReader>(session_,
                                            "FROM membership m JOIN school s ON s.id = m.school_id "
                                            "WHERE m.collective_id = :id ORDER BY s.name, s.id",
                                            soci::use(collective_id));
  });
}

Outcome<std::optional<SchoolClass>> SqliteStore::school_class(const Id& id) {
  return read("read the class", [&] {
    return first(select<ClassReader>(session_, "FROM school_class WHERE id = :id", soci::use(id)));
  });
}

Outcome<std::vector<SchoolClass>> SqliteStore::classes_of_school(const Id& school_id) {
  return read("list the classes of the school", [&] {
    return select<ClassReader>(session_,
                               "FROM school_class WHERE school_id = :id ORDER BY grade, name, id",
                               soci::use(school_id));
  });
}

Outcome<std::optional<Person>> SqliteStore::person(const Id& id) {
  return read("read the person", [&] {
    return first(select<PersonReader>(session_, "FROM person WHERE id = :id", soci::use(id)));
  });
}

Outcome<std::optional<Person>> SqliteStore::person_by_login(const std::string& login) {
  return read("read the person", [&] {
    return first(
        select<PersonReader>(session_, "FROM person WHERE login = :login", soci::use(login)));
  });
}

Outcome<std::vector<PersonRole>> SqliteStore::roles_of(const Id& person_id) {
  return read("read the person's roles", [&] {
    return select<PersonRoleReader>(
        session_, "FROM person_role WHERE person_id = :id ORDER BY collective_id, role",
        soci::use(person_id));
  });
}

Outcome<std::vector<PersonInCollective>> SqliteStore::people_of_collective(const Id& collective_id,
                                                                           Page page) {
  return read("list the people of the collective", [&] {
    const int limit = page_limit(page.limit);
    auto people = select<PersonInCollectiveReader>(
        session_,
        "FROM person p JOIN school s ON s.id = p.school_id WHERE p.id IN "
        "(SELECT person_id FROM person_role WHERE collective_id = :id) ORDER BY p.name, p.id LIMIT "
        ":limit OFFSET :offset",
        soci::use(collective_id), soci::use(limit), soci::use(page.offset));
    for (PersonInCollective& person : people) {
      const auto roles =
          select<PersonRoleReader>(session_,
                                   "FROM person_role WHERE person_id = :person AND collective_id = "
                                   ":collective ORDER BY role",
                                   soci::use(person.person_id), soci::use(collective_id));
      for (const PersonRole& role : roles) person.roles.push_back(role.role);
    }
    return people;
  });
}

Outcome<bool> SqliteStore::set_password(const Id& person_id, const std::string& password_hash) {
  return write("set the password", [&] {
    session_ << "UPDATE person SET password_hash = NULLIF(:hash, '') WHERE id = :id",
        soci::use(password_hash), soci::use(person_id);
    const bool found = changed() == 1;
    session_ << "DELETE FROM login_session WHERE person_id = :id", soci::use(person_id);
    return found;
  });
}

Outcome<bool> SqliteStore::replace_password_hash(const Id& person_id, const std::string& old_hash,
                                                 const std::string& new_hash) {
  return write("renew the password's hash", [&] {
    session_ << "UPDATE person SET password_hash = :new WHERE id = :id AND password_hash = :old",
        soci::use(new_hash), soci::use(person_id), soci::use(old_hash);
    return changed() == 1;
  });
}

}  // namespace storage::sql
