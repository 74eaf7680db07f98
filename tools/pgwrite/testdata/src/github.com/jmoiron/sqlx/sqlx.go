package sqlx
