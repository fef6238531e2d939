import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyManager;

/** What applications and graphical clients do with JDBC, printed: the test compares it between a direct run and one through Holdfast. */
public class JdbcSession {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("ApplicationName", "compat");
    properties.setProperty("user", args[1]);
    properties.setProperty("password", args[2]);
    try (Connection connection = DriverManager.getConnection(args[0], properties)) {
      metadata(connection);
      statements(connection);
      changes(connection);
    }
  }

  /** What a graphical client reads to draw its tree of tables. */
  static void metadata(Connection connection) throws SQLException {
    DatabaseMetaData about = connection.getMetaData();
    show(about.getSchemas());
    show(about.getTables(null, "public", "%", null));
    show(about.getColumns(null, "public", "%", "%"));
    show(about.getPrimaryKeys(null, "public", "orders"));
    show(about.getImportedKeys(null, "public", "orders"));
    show(about.getExportedKeys(null, "public", "customers"));
    show(about.getIndexInfo(null, "public", "orders", false, false));
    show(about.getProcedures(null, "public", "%"));
    show(about.getFunctions(null, "public", "%"));
    show(about.getFunctionColumns(null, "public", "%", "%"));
    show(about.getTablePrivileges(null, "public", "%"));
    show(about.getTypeInfo());
    show(about.getUDTs(null, "public", "%", null));
    System.out.println(about.getSQLKeywords().length() > 0);
  }

  static void statements(Connection connection) throws SQLException {
    try (PreparedStatement byId = connection.prepareStatement("SELECT id, name, mood, born, extra FROM customers WHERE id = ?")) {
      // After five executions the driver makes it a named statement of the server.
      for (int id = 1; id <= 8; id++) {
        byId.setInt(1, id);
        show(byId.executeQuery());
      }
    }
    connection.setAutoCommit(false);
    try (PreparedStatement pieces = connection.prepareStatement("SELECT id FROM orders ORDER BY id")) {
      pieces.setFetchSize(7);
      show(pieces.executeQuery());
    }
    try (Statement several = connection.createStatement()) {
      several.execute("SELECT 1; SELECT 'two'; UPDATE orders SET total = total WHERE id = 1");
      do {
        System.out.println(several.getUpdateCount());
      } while (several.getMoreResults() || several.getUpdateCount() != -1);
      Savepoint here = connection.setSavepoint("here");
      try {
        several.executeQuery("SELECT 1 / 0");
      } catch (SQLException error) {
        System.out.println(error.getSQLState() + " " + error.getMessage());
        connection.rollback(here);
      }
      show(several.executeQuery("SELECT * FROM wide"));
    }
    connection.commit();
  }

  static void changes(Connection connection) throws Exception {
    try (Statement plain = connection.createStatement()) {
      plain.execute("CREATE TABLE batched (a int PRIMARY KEY, b text)");
      try (PreparedStatement batch = connection.prepareStatement("INSERT INTO batched VALUES (?, ?)")) {
        for (int n = 0; n < 300; n++) {
          batch.setInt(1, n % 299);
          batch.setString(2, "row " + n);
          batch.addBatch();
        }
        batch.executeBatch();
      } catch (BatchUpdateException error) {
        System.out.println(error.getSQLState() + " " + error.getUpdateCounts().length);
      }
      connection.rollback();
      plain.execute("CREATE TABLE batched (a int GENERATED ALWAYS AS IDENTITY, b text)");
      try (PreparedStatement keys = connection.prepareStatement("INSERT INTO batched (b) VALUES (?)", Statement.RETURN_GENERATED_KEYS)) {
        keys.setString(1, "with a key");
        System.out.println(keys.executeUpdate());
        show(keys.getGeneratedKeys());
      }
      CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
      System.out.println(copy.copyIn("COPY batched (b) FROM STDIN", new StringReader("x\ny\n")));
      StringWriter out = new StringWriter();
      System.out.println(copy.copyOut("COPY batched TO STDOUT (FORMAT csv)", out) + " " + out);
      connection.commit();
      try (PreparedStatement call = connection.prepareStatement("SELECT order_count(?)")) {
        call.setInt(1, 3);
        show(call.executeQuery());
      }
      connection.commit();
      connection.setAutoCommit(true);
      plain.execute("LISTEN news");
      plain.execute("NOTIFY news, 'thaw'");
      for (PGNotification each : connection.unwrap(PGConnection.class).getNotifications()) System.out.println(each.getParameter());
      plain.execute("DROP TABLE batched");
      connection.setReadOnly(true);
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      System.out.println(connection.isValid(10) + " " + connection.getSchema() + " " + connection.getCatalog());
    }
  }

  static void show(ResultSet rows) throws SQLException {
    int columns = rows.getMetaData().getColumnCount();
    int count = 0;
    for (; rows.next(); count++) {
      StringJoiner line = new StringJoiner(" | ");
      for (int column = 1; column <= columns; column++) line.add(String.valueOf(rows.getString(column)));
      if (count < 400) System.out.println(line);
    }
    System.out.println(count + " rows of " + columns);
    rows.close();
  }
}
